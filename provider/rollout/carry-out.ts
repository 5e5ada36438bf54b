import type { Activation, ActivationRequest, DesiredAgent, Probe } from "../agent/agent.ts";
import { type Machine, MachineError } from "../machines/machine.ts";
import { doneCode, endingOfActivation, factsOf } from "./activation-ending.ts";
import type { AgentWork, CarriablePlan } from "./agent-work.ts";
import { type Clock, wait } from "./clock.ts";
import type { Ending, MachineFacts } from "./outcome.ts";
import { StepLog } from "./step-log.ts";
import type { Target, WorkContext } from "./world.ts";

/** How long the work on a machine may go on after its connection broke, and how often it may begin again. */
export interface CarryOutLimits {
  /** How long a machine may stay away, such as for a restart, while work on it has not ended. */
  readonly awayMs: number;
  /** How often work is begun in all where it broke before anything was changed. */
  readonly attempts: number;
}

/** What the work on a machine needs. */
export interface CarryOutOptions {
  readonly look: {
    readonly target: Target;
    /** Replaced by each new connection; whoever made the first one closes the last. */
    machine: Machine;
    readonly reconnect: (signal: AbortSignal) => Promise<Machine>;
    readonly probe: Probe;
    readonly where: Pick<MachineFacts, "name" | "address">;
  };
  readonly desired: DesiredAgent;
  readonly activation: Omit<ActivationRequest, "desired" | "runId" | "signal" | "onLog">;
  readonly agent: AgentWork;
  readonly newRunId: () => string;
  readonly clock: Clock;
  readonly random: () => number;
  readonly limits: CarryOutLimits;
  readonly context: WorkContext;
}

const KNOCK_BASE_MS = 1_000;
const KNOCK_CAP_MS = 10_000;

/** Work on one machine, over as many connections as it takes. */
export class CarryOut {
  readonly #options: CarryOutOptions;
  readonly #log = new StepLog();

  constructor(options: CarryOutOptions) {
    this.#options = options;
  }

  /** Carries a plan out and proves it. Whatever happens is in the ending. */
  async run(plan: CarriablePlan): Promise<Ending> {
    const { look, agent, newRunId, limits, context } = this.#options;
    try {
      let runId = newRunId();
      let activation = await agent.activate(look.machine, plan, this.#request(runId));
      for (let begun = 1; activation.class === "failed" && !context.signal.aborted; ) {
        const { resumable, transient } = activation;
        if (!resumable && (!transient || begun >= limits.attempts)) break;
        this.#log.add(`connecting again: ${activation.message}`);
        await this.#connectAgain(activation);
        if (resumable) {
          const resumed = await agent.resumeActivation(look.machine, plan, this.#request(runId));
          activation = knownBetter(activation, resumed);
          continue;
        }
        // How far it came is not known, so it is planned anew instead of doing things twice.
        const next = await this.#lookAgain(plan);
        if ("code" in next) return next;
        begun++;
        runId = newRunId();
        activation = await agent.activate(look.machine, next, this.#request(runId));
      }
      const mending = this.#mending(activation, plan);
      if (mending === undefined) return this.#ending(activation, plan);
      this.#log.add(`${activation.message}; installing it again`);
      return this.#ending(await agent.activate(look.machine, mending, this.#request(newRunId())), mending);
    } catch (error) {
      if (!(error instanceof MachineError)) throw error;
      return this.#broken(error, plan);
    }
  }

  /** What puts the package over an agent that is damaged, as only the work on it has shown; undefined where nothing can. */
  #mending(activation: Activation, plan: CarriablePlan): CarriablePlan | undefined {
    const { desired, agent, context } = this.#options;
    const { probeAfter } = activation;
    const isDamaged = activation.class === "failed" && activation.code === "install-failed" && !hasPackage(plan);
    if (!isDamaged || probeAfter === undefined || context.signal.aborted) return undefined;
    const agents = probeAfter.agents.map((one) => ({ ...one, present: "broken" as const }));
    const mending = agent.planFor({ ...probeAfter, agents }, desired);
    return mending.action === "repair" && hasPackage(mending) ? mending : undefined;
  }

  #request(runId: string): ActivationRequest {
    const { activation, desired, context } = this.#options;
    return { ...activation, desired, runId, signal: context.signal, onLog: this.#log.add };
  }

  /** A new connection in the place of the broken one, asked for until the machine has been away for too long. */
  async #connectAgain({ message }: Activation): Promise<void> {
    const { look, clock, random, limits, context } = this.#options;
    await look.machine.close();
    const untilMs = clock.nowMs() + limits.awayMs;
    for (let knocks = 0; ; knocks++) {
      const delayMs = random() * Math.min(KNOCK_CAP_MS, KNOCK_BASE_MS * 2 ** knocks);
      if (!(await wait(clock, delayMs, context.signal))) throw away(message, "the run was cancelled");
      try {
        look.machine = await look.reconnect(context.signal);
        return;
      } catch (error) {
        if (!(error instanceof MachineError)) throw error;
        // A machine that starts again refuses connections for a while: here that is no reason to give up.
        const comingBack = error.transient || error.code === "port-closed";
        if (!comingBack || clock.nowMs() >= untilMs) throw away(message, error.message);
      }
    }
  }

  /** What is left to do on a machine after work on it broke off; an ending, if nothing is or can be. */
  async #lookAgain(plan: CarriablePlan): Promise<CarriablePlan | Ending> {
    const { look, desired, agent, context } = this.#options;
    const { flavour, configurationId } = desired;
    const server = desired.state === "present" ? desired.server : undefined;
    const probe = await agent.probe(look.machine, {
      flavours: [flavour],
      server,
      configurationId,
      signal: context.signal,
    });
    const next = agent.planFor(probe, desired);
    const facts = factsOf(probe, flavour.name, look.where);
    if (next.action === "blocked") {
      return this.#with({ ...facts, code: next.code, action: plan.action, message: next.reason, hint: next.hint });
    }
    if (next.writes) return next;
    return this.#with({ ...facts, code: doneCode(plan, desired.state), action: plan.action });
  }

  #ending(activation: Activation, plan: CarriablePlan): Ending {
    const { look, desired } = this.#options;
    this.#log.addLast(activation.log);
    const facts = factsOf(activation.probeAfter ?? look.probe, desired.flavour.name, look.where);
    return endingOfActivation(activation, plan, desired.state, facts, this.#log.text());
  }

  #broken(error: MachineError, plan: CarriablePlan): Ending {
    const code = error.code === "cancelled" ? "lost" : error.code;
    return this.#with({ code, action: plan.action, message: error.message, hint: error.hint });
  }

  #with(ending: Ending): Ending {
    const { look, desired } = this.#options;
    return { ...factsOf(look.probe, desired.flavour.name, look.where), ...ending, log: this.#log.text() };
  }
}

function hasPackage(plan: CarriablePlan): boolean {
  return "steps" in plan && plan.steps !== undefined;
}

/** Nobody is left on the machine to say more than "lost" of a package that never came to its end: we saw what it died of. */
function knownBetter(cut: Activation, resumed: Activation): Activation {
  if (cut.class !== "failed" || cut.code !== "upload-failed") return resumed;
  if (resumed.class !== "failed" || resumed.code !== "lost" || resumed.resumable) return resumed;
  return { ...resumed, code: cut.code, message: cut.message, hint: cut.hint };
}

function away(before: string, now: string): MachineError {
  return new MachineError({ code: "lost", message: `${before}; connecting again failed: ${now}` });
}
