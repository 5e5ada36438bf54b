/** What of the process decides how long a plugin lives; a parameter so that tests can play it. */
export interface ProcessSurroundings {
  readonly ppid: () => number;
  /** True if a process of this id exists. */
  readonly isAlive: (pid: number) => boolean;
}

/** The surroundings of this very process. */
export const thisProcess: ProcessSurroundings = {
  ppid: () => process.ppid,
  isAlive: (pid) => {
    try {
      process.kill(pid, 0);
      return true;
    } catch (error) {
      return error instanceof Error && "code" in error && error.code === "EPERM";
    }
  },
};

/** How often to look whether the parent is still there. */
const LOOK_EVERY_MS = 500;

/**
 * Calls `onGone` once when the process that started this one is gone, as after `kill -9` of the engine, which gives
 * a plugin no other sign. The watch alone does not keep the process alive.
 */
export function watchParent(onGone: () => void, surroundings: ProcessSurroundings = thisProcess): { stop(): void } {
  const parent = surroundings.ppid();
  const timer = setInterval(() => {
    // On POSIX an orphan gets another parent; on Windows the number stays and the process behind it is gone.
    if (surroundings.ppid() === parent && surroundings.isAlive(parent)) return;
    clearInterval(timer);
    onGone();
  }, LOOK_EVERY_MS);
  timer.unref();
  return { stop: () => clearInterval(timer) };
}
