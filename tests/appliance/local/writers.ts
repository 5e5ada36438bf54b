import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const WRITER = fileURLToPath(new URL("./writer.ts", import.meta.url));

/** A process that writes to an appliance, and what it said it has written. */
export interface Writer {
  readonly child: ChildProcess;
  /** The machines whose outcomes it knows to be recorded. */
  readonly written: readonly string[];
  /** Waits for the next line it says: a machine, or `done`. */
  readonly saying: AsyncIterator<string>;
  /** Its exit code, null where a signal ended it, and what it complained about. */
  readonly ended: Promise<{ readonly code: number | null; readonly complaints: string }>;
}

/** Starts a {@link Writer} of `count` outcomes to the appliance in a folder. */
export function startWriter(folder: string, name: string, count: number): Writer {
  const child = spawn(
    process.execPath,
    ["--disable-warning=ExperimentalWarning", WRITER, folder, name, String(count)],
    {
      stdio: ["ignore", "pipe", "pipe"],
    },
  );
  const written: string[] = [];
  let complaints = "";
  child.stderr.on("data", (data: Buffer) => {
    complaints += data.toString();
  });
  const lines = createInterface({ input: child.stdout });
  lines.on("line", (line) => written.push(line));
  const ended = once(child, "close").then(([code]: unknown[]) => ({
    code: typeof code === "number" ? code : null,
    complaints,
  }));
  return { child, written, saying: lines[Symbol.asyncIterator](), ended };
}
