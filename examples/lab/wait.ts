import { setTimeout as pause } from "node:timers/promises";
import { LabError } from "./error.ts";

/** How long anything may take on a machine that is busy with other things. */
export const PATIENCE_MS = 240_000;

/**
 * Waits until `condition` answers with something other than undefined or false, and gives that.
 * @throws LabError that says what did not happen, after `limitMs`
 * @example await until(() => host.exists("/run/ready"), "web01 to be ready")
 */
export async function until<Answer>(
  condition: () => Promise<Answer | undefined | false>,
  what: string,
  limitMs: number = PATIENCE_MS,
): Promise<Answer> {
  const deadline = performance.now() + limitMs;
  for (let pauseMs = 10; ; pauseMs = Math.min(pauseMs * 1.5, 250)) {
    const answer = await condition();
    if (answer !== undefined && answer !== false) return answer;
    if (performance.now() > deadline) throw new LabError(`waited ${Math.round(limitMs / 1_000)} s in vain for ${what}`);
    await pause(pauseMs);
  }
}
