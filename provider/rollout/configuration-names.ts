import type { Appliance } from "../appliance/appliance.ts";

/** What people call the configurations that machines name by their ids, in receipts and locks. */
export class ConfigurationNames {
  readonly #appliance: Pick<Appliance, "getConfiguration">;
  readonly #names = new Map<string, Promise<string | undefined>>();
  readonly #known = new Map<string, string>();

  constructor(appliance: Pick<Appliance, "getConfiguration">) {
    this.#appliance = appliance;
  }

  /** Asks the appliance for those that are not known yet, each once. Never fails: a message then has the id. */
  async learn(ids: readonly string[]): Promise<void> {
    await Promise.all(
      ids.map(async (id) => {
        const asked = this.#names.get(id) ?? this.#ask(id);
        this.#names.set(id, asked);
        const name = await asked;
        if (name !== undefined) this.#known.set(id, name);
      }),
    );
  }

  /** The name of one that was learnt; undefined for one that this appliance does not know. */
  readonly of = (id: string): string | undefined => this.#known.get(id);

  async #ask(id: string): Promise<string | undefined> {
    try {
      return (await this.#appliance.getConfiguration({ id })).name;
    } catch {
      return undefined; // another appliance's, deleted, or not to be asked now: no machine is worse for it
    }
  }
}
