import { constants } from "node:os";
import { askSecret } from "./ask-secret.ts";
import { runKace } from "./program.ts";

// What node:sqlite says of itself at its first use is of no use to a user; all other warnings stay.
process.removeAllListeners("warning");
process.on("warning", (warning) => {
  if (warning.name !== "ExperimentalWarning") console.error(`kace: ${warning.message}`);
});

// Who reads the output may have read enough, as `head` does; the ending is then what a shell calls a broken pipe.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
  process.exit(128 + constants.signals.SIGPIPE);
});

const interrupted = new AbortController();
for (const name of ["SIGINT", "SIGTERM"] as const) process.once(name, () => interrupted.abort());

process.exitCode = await runKace(process.argv.slice(2), {
  terminal: {
    out: (text) => void process.stdout.write(`${text}\n`),
    err: (text) => void process.stderr.write(`${text}\n`),
    isScreen: process.stdout.isTTY,
  },
  environment: process.env,
  signal: interrupted.signal,
  ...(process.stdin.isTTY && {
    askSecret: (question: string) => askSecret(question, process.stdin, (text) => void process.stderr.write(text)),
  }),
});
