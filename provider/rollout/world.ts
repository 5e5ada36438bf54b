import type { Action, Ending } from "./outcome.ts";
import type { Target } from "./targets/target.ts";

export type { Target };

/** A target on its way to be worked on; with an ending if there is nothing to work on, such as a dead address. */
export interface Sifted {
  readonly target: Target;
  readonly ending?: Ending | undefined;
}

/** A machine that was looked at and is held open for what may be done to it. */
export interface Looked<Look> {
  readonly kind: "looked";
  readonly look: Look;
  /** The same for two targets only if they are one machine. Absent: not known. */
  readonly identity?: string | undefined;
}

/** The work on a target is over. */
export interface Ended {
  readonly kind: "ended";
  readonly ending: Ending;
}

/** What is to be done to a machine, in words, and whatever the world needs to do it. */
export interface Planned {
  readonly kind: "planned";
  readonly action: Action;
  /** Why, for a person. */
  readonly reason: string;
  /** What a preview shows of the machine beside it. */
  readonly facts?: Omit<Ending, "code" | "action"> | undefined;
}

/** What sifting may know. */
export interface SiftContext {
  /** Aborted once no further machine is begun: what is left then is handed on as it is. */
  readonly signal: AbortSignal;
  /** Whether the target was seen by an earlier run: then it is a machine, not a dead address. */
  known(target: Target): boolean;
}

/** What a look may use. */
export interface LookContext {
  /** Aborted when the run is cancelled: a look has changed nothing yet, so it ends at once. */
  readonly signal: AbortSignal;
  /** 1 at first, more after faults of the transport. */
  readonly attempt: number;
  /** See {@link SiftContext.known}. */
  readonly known: boolean;
  /** Connects and logs in while there is room at the gate of handshakes. */
  handshake<T>(connect: () => Promise<T>): Promise<T>;
}

/** What the work on a machine may use. */
export interface WorkContext {
  /** Aborted when a cancelled run's time of grace is over: the work ends now, as well as it can. */
  readonly signal: AbortSignal;
  /** For connecting again. */
  handshake<T>(connect: () => Promise<T>): Promise<T>;
}

/**
 * The machines of a run, as the engine sees them: what is behind may be ssh or a test's play. A world throws
 * `MachineError` for what goes wrong on the way to a machine; the engine decides whether to try again.
 */
export interface RolloutWorld<Look, Plan extends Planned = Planned> {
  /**
   * Sorts out what needs no connection to be judged, many at a time, before the machines' own gate. Every target goes
   * in once and comes out once. Absent: all are looked at.
   */
  sift?(targets: Iterable<Target>, context: SiftContext): AsyncIterable<Sifted>;
  /** Reads everything and writes nothing. What it holds open is given back by {@link release}. */
  look(target: Target, context: LookContext): Promise<Looked<Look> | Ended>;
  /** Pure: what is to be done. */
  plan(look: Look): Plan | Ended;
  /** Does it and proves it. */
  carryOut(look: Look, plan: Plan, context: WorkContext): Promise<Ending>;
  release(look: Look): Promise<void>;
}
