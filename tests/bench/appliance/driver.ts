import { fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import type { DriverAnswer, DriverRequest } from "./load-driver.ts";

/** The process that plays the agents. */
export interface Driver {
  /** @throws Error where it could not be done */
  ask(request: DriverRequest): Promise<DriverAnswer>;
  stop(): Promise<void>;
}

type Reply =
  | { readonly number: number; readonly answer: DriverAnswer }
  | { readonly number: number; readonly problem: string };

/** Starts a driver; nobody is connected yet. */
export function startDriver(): Driver {
  const child = fork(join(import.meta.dirname, "load-driver.ts"));
  const waiting = new Map<number, { resolve(answer: DriverAnswer): void; reject(error: Error): void }>();
  let asked = 0;
  child.on("message", (reply: Reply) => {
    const asker = waiting.get(reply.number);
    waiting.delete(reply.number);
    if ("answer" in reply) asker?.resolve(reply.answer);
    else asker?.reject(new Error(`the agents' driver: ${reply.problem}`));
  });
  child.on("exit", (code) => {
    for (const { reject } of waiting.values()) reject(new Error(`the agents' driver ended with exit code ${code}`));
    waiting.clear();
  });
  return {
    ask: (request) =>
      new Promise((resolve, reject) => {
        const number = asked++;
        waiting.set(number, { resolve, reject });
        child.send({ number, request });
      }),
    stop: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, "exit");
      child.disconnect();
      await ended;
    },
  };
}
