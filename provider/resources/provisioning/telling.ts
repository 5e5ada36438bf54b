import type { Log } from "../../kit/define/call.ts";
import { systemClock } from "../../rollout/clock.ts";
import type { RolloutEvent } from "../../rollout/events.ts";
import { Progress } from "../../rollout/progress.ts";
import { describeStop } from "../../rollout/stop.ts";

/** The line of progress is renewed this often: as fast as a person reads. */
const RENEW_MS = 1_000;

/** A range is allowed to be empty, and is so most often because it was mistyped. */
export const NOBODY_ANSWERS =
  "targets: no address answers, so no machine is worked on; see whether they are the right ones";

/** Tells the user what a run does, while it does it. */
export interface Telling {
  readonly onEvent: (event: RolloutEvent) => void;
  /** Takes the line of progress away. */
  end(): void;
}

/**
 * Keeps one line of progress beside the resource, and puts what only `--debug` shows into the log.
 *
 * @param total how many targets there are
 */
export function tell(log: Log, total: number): Telling {
  const progress = new Progress(total);
  const timer = setInterval(() => log.status(progress.line(systemClock.nowMs())), RENEW_MS);
  timer.unref();
  return {
    onEvent(event) {
      progress.see(event, systemClock.nowMs());
      switch (event.kind) {
        case "acting":
          log.debug(`${event.machine}: ${event.action}: ${event.reason}`);
          return;
        case "retrying":
          log.debug(`${event.machine}: ${event.code}, trying again in ${Math.round(event.delayMs)} ms`);
          return;
        case "fault":
          log.debug(`${event.machine}: ${event.error instanceof Error ? event.error.stack : String(event.error)}`);
          return;
        case "stopping":
          log.warn(`no further machine is begun: ${describeStop(event.stop)}`);
          return;
      }
    },
    end() {
      clearInterval(timer);
      log.status("");
    },
  };
}
