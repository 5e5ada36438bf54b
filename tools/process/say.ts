/** Takes one line of progress for a person to read. */
export type Say = (line: string) => void;

/** Progress on stderr, so that what a tool prints on stdout stays its result. */
export const sayOnStderr: Say = (line) => {
  process.stderr.write(`${line}\n`);
};

/** Says `state()` every `everyMs` while `work` goes on, so that a long silence never looks like a hang. */
export async function withHeartbeat<Result>(
  say: Say,
  everyMs: number,
  state: () => string,
  work: Promise<Result>,
): Promise<Result> {
  const timer = setInterval(() => say(state()), everyMs);
  try {
    return await work;
  } finally {
    clearInterval(timer);
  }
}

/** `850 ms`, `12.3 s`, `5 min 7 s`. */
export function durationText(durationMs: number): string {
  if (durationMs < 1_000) return `${Math.round(durationMs)} ms`;
  if (durationMs < 60_000) return `${(durationMs / 1_000).toFixed(1)} s`;
  const seconds = Math.round(durationMs / 1_000);
  return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}
