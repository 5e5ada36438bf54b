import { createHash } from "node:crypto";
import { readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";
import type { ProcessIdentity } from "../operations/fields.ts";

/**
 * Who this process is, such that another on the same host can tell whether it has ended.
 *
 * @example await appliance.startRun({ configurationId, kind: "up", holder: "ann@ci-7", process: thisProcess() });
 */
export function thisProcess(): ProcessIdentity {
  const start = statOf(process.pid)?.start;
  return { pid: process.pid, scope: scope(), ...(start === undefined ? {} : { start }) };
}

/** Whether a process has ended; undefined where this process cannot see that. */
export function hasEnded(identity: ProcessIdentity): boolean | undefined {
  if (identity.scope !== scope()) return undefined;
  try {
    process.kill(identity.pid, 0);
  } catch (error) {
    if (codeOf(error) === "ESRCH") return true;
    // Somebody else's process cannot be signalled, but it is there.
    if (codeOf(error) !== "EPERM") throw error;
  }
  const stat = statOf(identity.pid);
  if (stat === undefined) return false;
  // A process that was killed stays as a zombie until its parent looks.
  return /^[ZX]$/.test(stat.state) || (identity.start !== undefined && identity.start !== stat.start);
}

let known: string | undefined;

/** One boot of one host, and one space of process numbers: containers have their own. */
function scope(): string {
  known ??= createHash("sha256")
    .update([hostname(), process.platform, textOf("/proc/sys/kernel/random/boot_id"), namespaceOf()].join("\n"))
    .digest("hex")
    .slice(0, 32);
  return known;
}

/** State and start (in ticks since boot) of a process, where the system shows them: proc(5), fields 3 and 22. */
function statOf(pid: number): { readonly state: string; readonly start: string } | undefined {
  const text = textOf(`/proc/${pid}/stat`);
  // The second field is the name of the program, in parentheses, and may itself hold blanks and parentheses.
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  const [state, start] = [fields[0], fields[19]];
  return state === undefined || start === undefined ? undefined : { state, start };
}

function textOf(path: string): string {
  return orNothing(() => readFileSync(path, "utf8").trim());
}

function namespaceOf(): string {
  return orNothing(() => readlinkSync("/proc/self/ns/pid"));
}

/** Systems without /proc, and processes that end meanwhile, are no errors: less is known then. */
function orNothing(read: () => string): string {
  try {
    return read();
  } catch (error) {
    if (codeOf(error) === undefined) throw error;
    return "";
  }
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
}
