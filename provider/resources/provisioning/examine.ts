import type { ApplianceAccess } from "../../appliance/access.ts";
import type { Appliance } from "../../appliance/appliance.ts";
import type { Log } from "../../kit/define/call.ts";
import { systemClock } from "../../rollout/clock.ts";
import { isOutcomeCode } from "../../rollout/codes.ts";
import type { Results } from "../../rollout/results.ts";
import { previewRollout, type RolloutResult } from "../../rollout/run.ts";
import type { Recorded } from "../../rollout/tally.ts";
import type { Crowd } from "./crowd.ts";
import type { Ground } from "./ground.ts";
import type { Inputs } from "./inputs.ts";
import { openSession } from "./session.ts";
import { tell } from "./telling.ts";

/** A look at machines that writes nothing anywhere. */
export interface Examination {
  readonly inputs: Inputs;
  readonly configurationId: string;
  readonly client: ApplianceAccess;
  readonly log: Log;
  readonly signal: AbortSignal;
  readonly crowd: Crowd;
  /** What is recorded of the machines: those are never taken for dead addresses. */
  readonly recorded: Results;
  readonly override?: "removed" | undefined;
  /** What the look stands on. */
  readonly ground: (appliance: Appliance) => Promise<Ground>;
}

/** Looks at machines and plans for them. @throws ProviderError where all of them would fail alike */
export function examine(examination: Examination): Promise<RolloutResult> {
  const { inputs, configurationId, client, log, signal, crowd, recorded, override } = examination;
  return client.read(async (appliance) => {
    const ground = await examination.ground(appliance);
    const { maxConcurrency } = client;
    const session = await openSession({
      inputs,
      ground,
      configurationId,
      appliance,
      signal,
      writes: false,
      maxConcurrency,
    });
    const telling = tell(log, crowd.total);
    try {
      return await previewRollout({
        targets: crowd.walk(),
        total: crowd.total,
        world: session.world(override),
        limits: session.limits,
        retry: session.retry,
        clock: systemClock,
        random: Math.random,
        signal,
        previous: knownOf(recorded),
        onEvent: telling.onEvent,
      });
    } finally {
      telling.end();
    }
  });
}

/** What is recorded of machines, in the engine's words. */
export function knownOf(results: Results): Map<string, Recorded> {
  const known = new Map<string, Recorded>();
  for (const [machine, { class: outcomeClass, code }] of Object.entries(results))
    if (isOutcomeCode(code)) known.set(machine, { class: outcomeClass, code });
  return known;
}
