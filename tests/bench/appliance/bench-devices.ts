const AT_ONCE = 100;

/** The identity of the machine with this number. */
export function kuidOf(number: number): string {
  return `bench-${number.toString().padStart(8, "0")}`;
}

/** Does something `count` times, some at the same time. */
export async function inPortions(
  count: number,
  work: (number: number) => Promise<void>,
  atOnce = AT_ONCE,
): Promise<void> {
  for (let first = 0; first < count; first += atOnce) {
    const length = Math.min(atOnce, Math.ceil(count) - first);
    await Promise.all(Array.from({ length }, (_, index) => work(first + index)));
  }
}
