import { parentPort } from "node:worker_threads";
import { type ConnectAnswer, connectTcp } from "./connect.ts";
import type { PortState } from "./port-state.ts";

/*
 * A thread that connects for a large sweep. What it is told and what it says goes in batches: a message for each
 * connection would cost more than the connection.
 */

/** What a thread is told: the connections to begin, column by column, and those to give up. */
export interface Orders {
  readonly ids: readonly number[];
  readonly addresses: readonly string[];
  readonly ports: readonly number[];
  readonly givenUp: readonly number[];
}

/** What became of some connections. A state is by far the most frequent answer, and stands for itself. */
export interface Reports {
  readonly ids: readonly number[];
  readonly answers: readonly (PortState | Exclude<ConnectAnswer, { readonly kind: "state" }>)[];
}

function serve(port: NonNullable<typeof parentPort>): void {
  // Every refused connection is an error object; where in Node it was made would cost as much as the refusal itself.
  // This thread has settings of its own.
  Error.stackTraceLimit = 0;
  const open = new Map<number, () => void>();
  let ids: number[] = [];
  let answers: Reports["answers"][number][] = [];

  const say = () => {
    const reports: Reports = { ids, answers };
    ids = [];
    answers = [];
    port.postMessage(reports);
  };
  const report = (id: number, answer: ConnectAnswer) => {
    open.delete(id);
    if (ids.push(id) === 1) setImmediate(say);
    answers.push(answer.kind === "state" ? answer.state : answer);
  };
  const begin = (id: number, address: string, portNumber: number) => {
    try {
      open.set(
        id,
        connectTcp(address, portNumber, (answer) => report(id, answer)),
      );
    } catch (error) {
      report(id, { kind: "fault", error: error instanceof Error ? error : new Error(String(error)) });
    }
  };

  port.on("message", (orders: Orders) => {
    for (const id of orders.givenUp) {
      open.get(id)?.();
      open.delete(id);
    }
    for (const [index, id] of orders.ids.entries()) {
      begin(id, orders.addresses[index] ?? "", orders.ports[index] ?? 0);
    }
  });
  say(); // ready
}

if (parentPort !== null) serve(parentPort);
