import type { LabHost } from "../../examples/lab/lab.ts";

/** The running agent's own data, and what the system itself keeps writing, whoever is logged in. */
const NOT_OURS = ["/var/lib/kace-reference", "/var/lib/systemd", "/var/lib/private"];

const SCRIPT = `
places='/etc /opt /var/lib /usr'
find $places -xdev \\( ${NOT_OURS.map((path) => `-path ${path}`).join(" -o ")} \\) -prune -o -printf '%p %y %m %U:%G %s %T@ %C@ %l\\n'
find $places -xdev \\( ${NOT_OURS.map((path) => `-path ${path}`).join(" -o ")} \\) -prune -o -type f -print0 | xargs -0 sha256sum
`;

/**
 * Every file, folder and link below `/etc`, `/opt`, `/var/lib` and `/usr` of a host, with its mode, owner, size, times
 * of modification and change, and hash: one line each, sorted.
 */
export async function fullListing(host: LabHost): Promise<string[]> {
  const text = await host.run(["sh", "-c", SCRIPT], { timeoutMs: 240_000 });
  return text
    .split("\n")
    .filter((line) => line !== "")
    .sort();
}

/** The lines that stand in one listing only: what was written, before and after. */
export function writtenBetween(before: readonly string[], after: readonly string[]): string[] {
  const [old, now] = [new Set(before), new Set(after)];
  return [
    ...before.filter((line) => !now.has(line)).map((line) => `- ${line}`),
    ...after.filter((line) => !old.has(line)).map((line) => `+ ${line}`),
  ];
}
