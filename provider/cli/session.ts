import type { Appliance } from "../appliance/appliance.ts";
import type { Terminal } from "./output.ts";

/** What every command gets: the terminal, how the user wants answers, and the appliance they are about. */
export interface CommandSession {
  readonly terminal: Terminal;
  /** True with `--json`. */
  readonly json: boolean;
  /** Fires with Ctrl-C. */
  readonly signal: AbortSignal;
  /**
   * Work that writes nothing. A folder without an appliance is refused: one that was mistyped would look like one that is
   * empty and well. Only what is not about the appliance goes on without one, as if it were empty.
   */
  read<T>(work: (appliance: Appliance) => Promise<T>, without?: WithoutAppliance): Promise<T>;
  /**
   * Work on what an appliance has: one that is not there is refused, or made for something new that is put into it. Before
   * it is made the work is done once on one that goes again, so that what is refused leaves none behind.
   */
  write<T>(work: (appliance: Appliance) => Promise<T>, without?: WithoutAppliance): Promise<T>;
}

/** That a command about a folder which has no appliance goes on; else it is refused. */
export type WithoutAppliance = "goes on";

/**
 * How a command ends for programs: 0 done, 1 could not be done, 2 wrong usage, 3 done and what was asked for is not right.
 * What a word names and is not there is wrong usage: a {@link UsageError}, or an appliance's `not-found` or `invalid`.
 */
export type ExitCode = 0 | 1 | 2 | 3;

/** The reason why a command could not be done, for a person. */
export class CommandError extends Error {
  readonly hint: string | undefined;

  constructor(message: string, hint?: string) {
    super(message);
    this.name = "CommandError";
    this.hint = hint;
  }
}

/** The words of a command cannot be right: they contradict themselves, lack something, or name what is not there. */
export class UsageError extends CommandError {
  constructor(message: string, hint?: string) {
    super(message, hint);
    this.name = "UsageError";
  }
}

/** What commands are added to the program with. */
export interface CommandContext {
  readonly session: () => CommandSession;
  readonly finish: (code: ExitCode) => void;
}
