import { MachineError, type MachineErrorCode } from "../../provider/machines/machine.ts";
import type { RolloutEvent } from "../../provider/rollout/events.ts";
import type { Action, Ending, Outcome } from "../../provider/rollout/outcome.ts";
import type { Limits, RolloutOptions } from "../../provider/rollout/run.ts";
import { addressTarget, namedTarget, type Target } from "../../provider/rollout/targets/target.ts";
import type { Ended, LookContext, Looked, Planned, RolloutWorld, WorkContext } from "../../provider/rollout/world.ts";
import { VirtualClock } from "./virtual-clock.ts";

/** What a played machine does when it is looked at and worked on. */
export interface Part {
  /** Where one is given more than once, the last is played again and again. */
  readonly looks?: readonly ("answers" | "silent" | Fault)[];
  readonly lookMs?: number;
  /** The same text: the same machine. */
  readonly identity?: string;
  readonly origin?: Target["origin"];
  readonly plan?: Action | "blocked";
  readonly work?: "succeeds" | "fails" | "hangs" | "ignores" | Fault;
  readonly workMs?: number;
}

/** An error: of the transport if `transient`; a fault of the program without a code. */
export interface Fault {
  readonly throws: MachineErrorCode | "bug";
  readonly transient?: boolean;
}

const DONE = {
  install: "installed",
  upgrade: "upgraded",
  downgrade: "downgraded",
  reconfigure: "reconfigured",
  repair: "repaired",
  remove: "removed",
  none: "unchanged",
} as const satisfies Record<Action, string>;

interface Look {
  readonly key: string;
  readonly part: Part;
}

/** Machines that are played on a virtual clock; it counts all that was done to them. */
export class PlayedWorld implements RolloutWorld<Look> {
  readonly clock = new VirtualClock();
  readonly events: RolloutEvent[] = [];
  readonly journal: Outcome[] = [];
  readonly looks = new Map<string, number>();
  readonly works = new Map<string, number>();
  /** When the looks of a machine began, on the virtual clock. */
  readonly lookedAtMs = new Map<string, number[]>();
  readonly parts: ReadonlyMap<string, Part>;
  open = 0;
  shakingHands = 0;
  mostShakingHands = 0;
  mostOpen = 0;

  constructor(parts: Readonly<Record<string, Part>>) {
    this.parts = new Map(Object.entries(parts));
  }

  get targets(): Target[] {
    return [...this.parts].map(([key, part]) =>
      part.origin === undefined || part.origin === "name" ? namedTarget(key) : addressTarget(key, part.origin),
    );
  }

  async look(target: Target, context: LookContext): Promise<Looked<Look> | Ended> {
    const part = this.parts.get(target.key);
    if (part === undefined) throw new Error(`${target.key} has no part in this play`);
    const times = this.looks.get(target.key) ?? 0;
    this.looks.set(target.key, times + 1);
    this.lookedAtMs.set(target.key, [...(this.lookedAtMs.get(target.key) ?? []), this.clock.nowMs()]);
    const looks = part.looks ?? ["answers"];
    const act = looks[Math.min(times, looks.length - 1)] ?? "answers";
    await context.handshake(async () => {
      this.shakingHands++;
      this.mostShakingHands = Math.max(this.mostShakingHands, this.shakingHands);
      try {
        await this.clock.sleep(part.lookMs ?? 10, context.signal);
      } finally {
        this.shakingHands--;
      }
    });
    if (act === "silent") {
      const absent = target.origin === "range" && !context.known;
      return { kind: "ended", ending: { code: absent ? "absent" : "port-filtered", action: "none" } };
    }
    if (act !== "answers") throw faultOf(act);
    this.open++;
    this.mostOpen = Math.max(this.mostOpen, this.open);
    return { kind: "looked", look: { key: target.key, part }, identity: part.identity };
  }

  plan({ part }: Look): Planned | Ended {
    const action = part.plan ?? "install";
    if (action === "blocked") return { kind: "ended", ending: { code: "quarantined", action: "none" } };
    if (action === "none") return { kind: "ended", ending: { code: "unchanged", action } };
    return { kind: "planned", action, reason: "it is asked for", facts: { version: "1.0.0" } };
  }

  async carryOut({ key, part }: Look, { action }: Planned, context: WorkContext): Promise<Ending> {
    this.works.set(key, (this.works.get(key) ?? 0) + 1);
    const work = part.work ?? "succeeds";
    if (work === "ignores") return await new Promise<Ending>(() => undefined);
    try {
      await this.clock.sleep(work === "hangs" ? 86_400_000 : (part.workMs ?? 100), context.signal);
    } catch {
      return { code: "lost", action };
    }
    if (typeof work === "object") throw faultOf(work);
    return work === "fails"
      ? { code: "install-failed", action, message: "the installer exited with 1", log: "E: broken" }
      : { code: DONE[action], action, version: "1.0.0" };
  }

  async release(): Promise<void> {
    this.open--;
  }

  /** All that a run over these machines needs. */
  options(limits: Partial<Limits> = {}, signal = new AbortController().signal): RolloutOptions<Look> {
    return {
      targets: this.targets,
      total: this.parts.size,
      world: this,
      limits: { maxHandshakes: 4, maxConcurrency: 8, maxFailures: "100%", maxUnreachable: "100%", ...limits },
      retry: { attempts: 3, baseMs: 1_000, capMs: 30_000 },
      clock: this.clock,
      random: () => 0.5,
      signal,
      journal: async (outcomes) => {
        this.journal.push(...outcomes);
      },
      onEvent: (event) => this.events.push(event),
    };
  }
}

function faultOf({ throws, transient = false }: Fault): Error {
  if (throws === "bug") return new TypeError("undefined is not a machine");
  return new MachineError({ code: throws, message: `played: ${throws}`, transient });
}

/** `count` machines that all play the same part: `m1`, `m2` and so on. */
export function crowd(count: number, part: Part = {}): Record<string, Part> {
  return Object.fromEntries(Array.from({ length: count }, (_, index) => [`m${index + 1}`, part]));
}
