import type { ApplianceAccess } from "../../appliance/access.ts";
import type { Context } from "../../kit/define/call.ts";
import { describeError, ProviderError } from "../../kit/define/errors.ts";
import type { Found, ReadRequest } from "../../kit/define/resource.ts";
import { type Recording, refreshed, unseen } from "../../rollout/results.ts";
import { noCounts, summaryOf } from "../../rollout/summary.ts";
import { foundOrGone } from "../found-or-gone.ts";
import { everybody, targetsOf } from "./crowd.ts";
import { examine } from "./examine.ts";
import { groundOf } from "./ground.ts";
import type { Inputs } from "./inputs.ts";
import { lacksLogIn } from "./log-in.ts";
import type { Outputs } from "./outputs.ts";
import { recordedInputs } from "./record.ts";
import { keptSchedule } from "./schedule.ts";

type Request = ReadRequest<Inputs, Outputs>;

/**
 * Looks at every machine of a configuration and says how it stands. A machine that cannot be looked at keeps what is
 * recorded of it; so do all of them where there is no server, no log-in or no appliance to ask.
 */
export function readProvisioning(
  request: Request,
  context: Context<ApplianceAccess>,
): Promise<Found<Inputs, Outputs> | undefined> {
  return request.old === undefined ? imported(request, context) : looked(request.id, request.old, context);
}

async function looked(
  id: string,
  { inputs, outputs }: NonNullable<Request["old"]>,
  { client, log, signal }: Context<ApplianceAccess>,
): Promise<Found<Inputs, Outputs>> {
  if (!inputs.enabled) return { inputs: {}, outputs };
  let kept: Awaited<ReturnType<typeof keptSchedule>> = {};
  try {
    kept = await client.read((appliance) => keptSchedule(id, inputs, appliance));
    if (lacksLogIn(inputs)) {
      log.warn(NO_LOG_IN_RECORDED);
      return { inputs: kept, outputs };
    }
    const { outcomes } = await examine({
      inputs,
      configurationId: id,
      client,
      log,
      signal,
      crowd: everybody(targetsOf(inputs)),
      recorded: outputs.results,
      ground: async (appliance) => {
        const ground = await groundOf(inputs, appliance, { looksOnly: true, bundles: client.bundles });
        if (!ground.serverRuns) for (const warning of ground.warnings) log.warn(warning);
        return ground;
      },
    });
    warnOfUnseen(unseen(outputs, outcomes), log.warn);
    return { inputs: kept, outputs: refreshed(outputs, outcomes) };
  } catch (error) {
    if (signal.aborted || !(error instanceof ProviderError) || !saysNothing(error)) throw error;
    log.warn(`the machines were not looked at, and what is recorded of them stays: ${describeError(error)}`);
    return { inputs: kept, outputs };
  }
}

/** After an import this is as it should be: the program has the credentials, and the state not yet. */
const NO_LOG_IN_RECORDED =
  "the machines are not looked at this time: the state has no credentials yet, as after an import, which cannot know them. Give `linux` a `password`, `privateKey` or `agentSocket` in the program: this `pulumi up` records them, and the next one looks";

const NAMED = 10;

/** What is recorded of machines that do not answer stays, and so does not show in a preview: it is said here. */
function warnOfUnseen(machines: readonly string[], warn: (text: string) => void): void {
  if (machines.length === 0) return;
  const more = machines.length > NAMED ? ` and ${machines.length - NAMED} more` : "";
  warn(`could not be looked at, so what is recorded of them stays: ${machines.slice(0, NAMED).join(", ")}${more}`);
}

/** Faults of what a look stands on: they say nothing about the machines. */
function saysNothing({ code }: ProviderError): boolean {
  return code === "failed-precondition" || code === "unavailable" || code === "timeout";
}

/** What the appliance knows of a configuration that a program takes over. */
async function imported(
  { id, given }: Request,
  { client }: Context<ApplianceAccess>,
): Promise<Found<Inputs, Outputs> | undefined> {
  return client.read(async (appliance) => {
    const configuration = await foundOrGone(appliance.getConfiguration({ id }));
    if (configuration === undefined) return undefined;
    const inputs = recordedInputs(configuration.description.inputs);
    const summary = configuration.lastRun ?? summaryOf(noCounts());
    const recording: Recording = { summary, results: {} };
    const { organization, name } = configuration;
    return { inputs: { ...inputs, ...given, organization, name }, outputs: recording };
  });
}
