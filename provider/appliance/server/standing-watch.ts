import type { OperationMethods } from "../appliance.ts";
import { CLOSED_FORGOTTEN, type ConnectedAgents } from "./connected-agents.ts";

type Store = Pick<OperationMethods, "changesSince" | "deviceStates">;

/**
 * Brings what other processes decide about devices (approve, block, forget) to the agents that are connected here.
 *
 * @example const watch = await StandingWatch.from(appliance, agents); setInterval(() => watch.look(), 1000);
 */
export class StandingWatch {
  readonly #store: Store;
  readonly #agents: ConnectedAgents;
  #sequence: number;

  private constructor(store: Store, agents: ConnectedAgents, sequence: number) {
    this.#store = store;
    this.#agents = agents;
    this.#sequence = sequence;
  }

  /** Watches from now on. */
  static async from(store: Store, agents: ConnectedAgents): Promise<StandingWatch> {
    const { sequence } = await store.changesSince({});
    return new StandingWatch(store, agents, sequence);
  }

  /** Looks once. */
  async look(): Promise<void> {
    const { sequence, complete, changes } = await this.#store.changesSince({ sequence: this.#sequence });
    if (complete) {
      for (const change of changes) {
        const agent = this.#agents.get(change.kuid);
        if (change.change === "deleted") agent?.close(CLOSED_FORGOTTEN, "forgotten");
        else agent?.tell(change.state, change.reason);
      }
    } else {
      await this.#compareAll();
    }
    this.#sequence = sequence;
  }

  async #compareAll(): Promise<void> {
    const agents = this.#agents.all();
    const { devices } = await this.#store.deviceStates({ kuids: agents.map(({ kuid }) => kuid) });
    const standings = new Map(devices.map((device) => [device.kuid, device]));
    for (const agent of agents) {
      const standing = standings.get(agent.kuid);
      if (standing === undefined) agent.close(CLOSED_FORGOTTEN, "forgotten");
      else agent.tell(standing.state, standing.reason);
    }
  }
}
