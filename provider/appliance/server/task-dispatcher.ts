import type { OperationMethods } from "../appliance.ts";
import type { ConnectedAgents } from "./connected-agents.ts";

type Store = Pick<OperationMethods, "listDueTasks" | "recordTasks" | "giveUpTasks">;

/** How many tasks go out at one look into the store. */
const PORTION = 1_000;

/**
 * Gives tasks, by whatever process they were queued, to the agents that are connected here, within the task throughput;
 * and gives those up that have had their time. What is lost with a server that is killed is told again: the store knows
 * by which connection a task was sent.
 *
 * @example const dispatcher = new TaskDispatcher(appliance, agents, instanceId); setInterval(() => dispatcher.look(), 1000);
 */
export class TaskDispatcher {
  readonly #store: Store;
  readonly #agents: ConnectedAgents;
  readonly #instanceId: string;
  /** What was called back by which connection, so that nobody is told every second. */
  #told: ReadonlySet<string> = new Set();

  constructor(store: Store, agents: ConnectedAgents, instanceId: string) {
    this.#store = store;
    this.#agents = agents;
    this.#instanceId = instanceId;
  }

  /** Sends what is due now. */
  async look(): Promise<void> {
    for (;;) {
      const { tasks, cancels, overdue } = await this.#store.listDueTasks({
        instanceId: this.#instanceId,
        limit: PORTION,
      });
      this.#callBack(cancels);
      if (overdue) await this.#store.giveUpTasks({});
      const sent = tasks.filter((task) => this.#agents.get(task.kuid)?.giveTask(task) === true);
      if (sent.length === 0) return;
      await this.#store.recordTasks({ tasks: sent.map(({ id, kuid }) => ({ id, kuid, status: "sent" as const })) });
    }
  }

  #callBack(cancels: readonly { readonly id: string; readonly kuid: string }[]): void {
    const told = new Set<string>();
    for (const { id, kuid } of cancels) {
      const agent = this.#agents.get(kuid);
      if (agent === undefined) continue;
      const key = `${id} ${agent.connectionId}`;
      if (!this.#told.has(key)) agent.callBack(id);
      told.add(key);
    }
    this.#told = told;
  }
}
