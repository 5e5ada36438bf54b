/** Work that is done again and again while a server runs. */
export interface Repeated {
  /** Does it at once, or again right after the present turn. */
  now(): void;
  /** What the last turn failed with; undefined where it did not, or none has ended yet. */
  trouble(): unknown;
  /** No turn begins after this; resolves when the present one has ended. */
  stop(): Promise<void>;
}

/**
 * Does something regularly, one turn after the other. A turn that fails is said once, and the next one tries again; that
 * it works again is said too.
 * @param what for the log: "publishing the server"
 */
export function repeat({
  what,
  everyMs,
  work,
  log,
}: {
  readonly what: string;
  readonly everyMs: number;
  readonly work: () => Promise<unknown>;
  readonly log: (line: string) => void;
}): Repeated {
  let stopped = false;
  let trouble: { readonly message: string; readonly error: unknown } | undefined;
  let turn: Promise<void> | undefined;
  let again = false;
  let timer = setTimeout(begin, everyMs);

  function begin(): void {
    if (stopped) return;
    if (turn !== undefined) {
      again = true;
      return;
    }
    clearTimeout(timer);
    turn = once().finally(() => {
      turn = undefined;
      if (stopped) return;
      timer = setTimeout(begin, again ? 0 : everyMs);
      again = false;
    });
  }
  async function once(): Promise<void> {
    try {
      await work();
      if (trouble !== undefined) log(`${what} works again`);
      trouble = undefined;
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      if (message !== trouble?.message) log(`${what} failed: ${message}`);
      trouble = { message, error };
    }
  }
  return {
    now: begin,
    trouble: () => trouble?.error,
    async stop() {
      stopped = true;
      clearTimeout(timer);
      await turn;
    },
  };
}
