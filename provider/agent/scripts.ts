import { readFileSync } from "node:fs";

/** The one place where this room reads its shell text, so that a bundle can carry it. */
const text = (name: string): string => readFileSync(new URL(`./scripts/${name}`, import.meta.url), "utf8");

const lines = text("lines.sh");
const lock = text("lock.sh");
const tools = [text("service.sh"), text("packages.sh")];
const look = text("look.sh");
const probe = text("probe.sh");
const prerequisites = text("prerequisites.sh");
const activate = text("activate.sh");
const worker = text("worker.sh");
const resume = text("resume.sh");

/** The shell functions of each flavour. */
export const FLAVOUR_SCRIPTS = {
  reference: text("flavour-reference.sh"),
  quest: text("flavour-quest.sh"),
  bench: text("flavour-bench.sh"),
} as const;

/** Looks at a machine, also at what only an installation asks of it where that is wanted. Variables: PK_FLAVOURS (names), PK_HOST, PK_PORT. */
export function probeScript(
  flavours: readonly string[],
  { withPrerequisites = false }: { readonly withPrerequisites?: boolean | undefined } = {},
): string {
  return join(lines, lock, ...tools, look, ...flavours, probe, ...(withPrerequisites ? [prerequisites] : []));
}

/** Takes lock and package, and starts the worker. Variables: those of `activationVariables`. */
export function activateScript(): string {
  return join(lines, lock, activate);
}

/** What runs on when the connection breaks; it is a variable of {@link activateScript}. */
export function workerScript(flavour: string): string {
  return join(lines, lock, ...tools, look, flavour, worker);
}

/** Waits for a worker. Variables: PK_RUN, PK_WAIT_S and those of {@link probeScript}. */
export function resumeScript(flavours: readonly string[]): string {
  return join(lines, lock, ...tools, look, ...flavours, resume);
}

/** Comments and indentation stay on this side: every machine gets the text on every run. */
function join(...parts: readonly string[]): string {
  const key = parts.join("\n");
  const known = joined.get(key);
  if (known !== undefined) return known;
  const lean = key.replace(/^[ \t]*#.*\n/gm, "").replace(/\n{2,}/g, "\n");
  joined.set(key, lean);
  return lean;
}

const joined = new Map<string, string>();
