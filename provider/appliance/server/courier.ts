import type { OperationMethods } from "../appliance.ts";
import type { ConnectedAgents } from "./connected-agents.ts";

type Store = Pick<OperationMethods, "listDueMessages" | "recordMessages">;

/** How many messages go out at one look. */
const PORTION = 1_000;

/**
 * Brings messages of the queue, by whatever process they were put there, to the agents that are connected here.
 *
 * @example const courier = new Courier(appliance, agents, instanceId); setInterval(() => courier.look(), 1000);
 */
export class Courier {
  readonly #store: Store;
  readonly #agents: ConnectedAgents;
  readonly #instanceId: string;

  constructor(store: Store, agents: ConnectedAgents, instanceId: string) {
    this.#store = store;
    this.#agents = agents;
    this.#instanceId = instanceId;
  }

  /** Sends what is due now, and has what has expired forgotten. */
  async look(): Promise<void> {
    for (;;) {
      const { messages, expired } = await this.#store.listDueMessages({ instanceId: this.#instanceId, limit: PORTION });
      const sent = messages.filter((message) => this.#agents.get(message.kuid)?.deliver(message) === true);
      if (sent.length === 0 && !expired) return;
      const statuses = sent.map(({ id, kuid }) => ({ id, kuid, status: "sent" as const }));
      await this.#store.recordMessages({ messages: statuses });
      if (messages.length < PORTION) return;
    }
  }
}
