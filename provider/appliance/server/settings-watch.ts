import type { OperationMethods } from "../appliance.ts";
import { DEFAULT_AGENT_SETTINGS, DEFAULT_TASK_THROUGHPUT, type ToldSettings } from "../operations/settings.ts";
import type { ConnectedAgents } from "./connected-agents.ts";
import { Throughput } from "./throughput.ts";

type Store = Pick<OperationMethods, "listSettingsChanges">;

/**
 * Knows what the agents of every organization live by, and brings changes, by whatever process, to those that are
 * connected here.
 *
 * @example const watch = new SettingsWatch(appliance, agents); setInterval(() => watch.look(), 1000);
 */
export class SettingsWatch {
  /** How much is worked on at once, as the appliance's settings say. */
  readonly throughput = new Throughput(DEFAULT_TASK_THROUGHPUT);
  readonly #store: Store;
  readonly #agents: ConnectedAgents;
  #revision: number | undefined;
  #told: ReadonlyMap<string, ToldSettings> = new Map();

  constructor(store: Store, agents: ConnectedAgents) {
    this.#store = store;
    this.#agents = agents;
  }

  /** What holds in an organization, as far as the last look saw. */
  of(organization: string): ToldSettings {
    return this.#told.get(organization) ?? { organization, revision: 0, settings: DEFAULT_AGENT_SETTINGS };
  }

  /** Looks once. */
  async look(): Promise<void> {
    const since = this.#revision;
    const found = await this.#store.listSettingsChanges(since === undefined ? {} : { revision: since });
    const known = found.complete ? this.#told : new Map<string, ToldSettings>();
    this.#told = new Map([...known, ...found.organizations.map((told) => [told.organization, told] as const)]);
    this.#revision = found.revision;
    this.throughput.limit = found.taskThroughput;
    if (found.organizations.length === 0 && found.complete) return;
    for (const agent of this.#agents.all()) agent.tellSettings(this.of(agent.organization));
  }
}
