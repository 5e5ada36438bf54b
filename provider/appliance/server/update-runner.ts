import type { OperationMethods } from "../appliance.ts";
import type { ConnectedAgents } from "./connected-agents.ts";

type Store = Pick<OperationMethods, "getUpdateRevision" | "stepUpdates">;

/** However little happens, time alone opens windows and brings a rollout on. */
const EVERY_MS = 60_000;
/** Agents that come one after the other, as after a start of the server, are looked at together. */
const GATHER_MS = 5_000;
/** Of the server's time, one part in eleven at most: a large fleet is not looked at again after every single update. */
const REST_FACTOR = 10;

/**
 * Lets the update policies do their work: when one is changed, when a bundle is, when an update has ended, when agents
 * have connected, and each minute. All that is to be known is in the store, so that it may end at any moment.
 *
 * @example const runner = new UpdateRunner({ store, agents, monotonicMs, log }); setInterval(() => runner.look(), 1000);
 */
export class UpdateRunner {
  readonly #store: Store;
  readonly #agents: Pick<ConnectedAgents, "joined">;
  readonly #monotonicMs: () => number;
  readonly #log: (line: string) => void;
  #seen: string | undefined;
  #steppedAtMs = Number.NEGATIVE_INFINITY;
  #joined = 0;
  #restMs = 0;

  constructor({
    store,
    agents,
    monotonicMs,
    log,
  }: {
    readonly store: Store;
    readonly agents: Pick<ConnectedAgents, "joined">;
    readonly monotonicMs: () => number;
    readonly log: (line: string) => void;
  }) {
    this.#store = store;
    this.#agents = agents;
    this.#monotonicMs = monotonicMs;
    this.#log = log;
  }

  /** Looks once, and does what is to be done. */
  async look(): Promise<void> {
    const { revision } = await this.#store.getUpdateRevision({});
    if (revision === undefined) return;
    const { joined } = this.#agents;
    const passedMs = this.#monotonicMs() - this.#steppedAtMs;
    const isDue = revision !== this.#seen || passedMs >= EVERY_MS || (joined !== this.#joined && passedMs >= GATHER_MS);
    if (!isDue || passedMs < this.#restMs) return;
    const beganMs = this.#monotonicMs();
    const { held } = await this.#store.stepUpdates({});
    for (const { organization, reason } of held)
      this.#log(`the update policy of organization "${organization}" is on hold: ${reason}`);
    this.#seen = revision;
    this.#joined = joined;
    this.#steppedAtMs = this.#monotonicMs();
    this.#restMs = Math.min(EVERY_MS, REST_FACTOR * (this.#steppedAtMs - beganMs));
  }
}
