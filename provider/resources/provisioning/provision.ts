import type { ApplianceAccess } from "../../appliance/access.ts";
import type { Context } from "../../kit/define/call.ts";
import type { ObjectShape } from "../../kit/define/shape.ts";
import { isRight } from "../../rollout/codes.ts";
import { isWhole, type Recording } from "../../rollout/results.ts";
import { foundOrGone } from "../found-or-gone.ts";
import { type Conducted, conduct, NOTHING } from "./conduct.ts";
import { everybody, notRightOnes, targetsOf } from "./crowd.ts";
import { droppedTargets, targetOf } from "./dropped.ts";
import { collectGarbage } from "./garbage.ts";
import { type Ground, groundOf, requireToken } from "./ground.ts";
import type { Inputs } from "./inputs.ts";
import { configurationRecord } from "./record.ts";
import { scheduleWarning } from "./schedule.ts";
import { openSession } from "./session.ts";

/** What a create or an update is about. */
export interface Provisioning {
  readonly id: string;
  readonly urn: string;
  readonly name: string;
  readonly inputs: Inputs;
  readonly shape: ObjectShape;
  /** Absent for a create. */
  readonly old?: { readonly inputs: Inputs; readonly outputs: Recording } | undefined;
  /** True if the program says something else than what is recorded: then every machine is looked at. */
  readonly changed: boolean;
  /** Called once the appliance knows of the configuration. */
  readonly saved?: () => void;
}

/** From so many machines on their record takes so much memory that there is to be room for it. */
const MANY = 200;

/** A configuration that is only saved needs no ground to stand on. */
const UNUSED: Ground = { server: undefined, bundle: undefined, canEnrol: false, serverRuns: true, warnings: [] };

/**
 * Saves a configuration and brings its machines to what it wants; where it is not enabled, it only saves it.
 *
 * @throws ProviderError before the first machine is touched, where all of them would fail alike
 */
export function provision(given: Provisioning, { client, log, signal }: Context<ApplianceAccess>): Promise<Conducted> {
  const { id, inputs, old } = given;
  return client.write(async (appliance) => {
    const ground = inputs.enabled ? await groundOf(inputs, appliance) : UNUSED;
    // Machines of an update may be enrolled already; those of a create all need the token.
    if (old === undefined) await requireToken(ground, id, appliance);
    for (const warning of [...ground.warnings, ...(await scheduleWarning(inputs, appliance))]) log.warn(warning);
    await appliance.saveConfiguration(configurationRecord({ ...given, ground, limits: client }));
    given.saved?.();
    if (!inputs.enabled) return { recording: old?.outputs ?? NOTHING, reasons: [], cancelled: false };
    const targets = targetsOf(inputs);
    const some = given.changed || old === undefined ? undefined : notRightOnes(old.outputs, targets);
    const { maxConcurrency } = client;
    const session = await openSession({
      inputs,
      ground,
      configurationId: id,
      appliance,
      signal,
      writes: true,
      maxConcurrency,
    });
    const crowd = some ?? everybody(targets);
    const conducted = await conduct({
      kind: "up",
      configurationId: id,
      appliance,
      session,
      log,
      signal,
      crowd,
      partial: some !== undefined,
      dropped: old === undefined ? [] : droppedBy(old, inputs),
      uninstalls: inputs.onDestroy === "uninstall",
      previous: old?.outputs,
    });
    if (crowd.total >= MANY) collectGarbage();
    return conducted;
  });
}

/** The machines that an update leaves behind. */
export function droppedBy({ inputs, outputs }: { readonly inputs: Inputs; readonly outputs: Recording }, now: Inputs) {
  return droppedTargets(targetsOf(inputs), targetsOf(now), outputs.results, isWhole(outputs));
}

/** What a delete is about. */
export interface Withdrawal extends Pick<Provisioning, "id" | "urn" | "name" | "shape" | "inputs"> {
  readonly outputs: Recording;
}

/**
 * Removes the agents of a configuration from its machines, also where the appliance knows the configuration no more: it
 * is written there again first, because a run must be of one.
 *
 * @returns why it is not done; empty if it is
 */
export function withdraw(
  { outputs, ...content }: Withdrawal,
  { client, log, signal }: Context<ApplianceAccess>,
): Promise<readonly string[]> {
  const { id, inputs } = content;
  return client.write(async (appliance) => {
    const removal: Inputs = {
      ...inputs,
      state: "removed",
      ...(inputs.linux && { linux: { ...inputs.linux, state: "removed" } }),
    };
    const known = await foundOrGone(appliance.getConfiguration({ id }));
    // It has never worked on a machine, so that no agent is its own: nobody needs to be reached for that.
    if (known !== undefined && known.lastRun === undefined && Object.keys(outputs.results).length === 0) return [];
    const ground = await groundOf(removal, appliance);
    if (known === undefined) {
      // Its schedule ends with it.
      const unscheduled = { ...inputs, schedule: undefined };
      await appliance.saveConfiguration(
        configurationRecord({ ...content, inputs: unscheduled, ground, limits: client }),
      );
    }
    const { maxConcurrency } = client;
    const session = await openSession({
      inputs: removal,
      ground,
      configurationId: id,
      appliance,
      signal,
      writes: true,
      maxConcurrency,
    });
    const targets = targetsOf(inputs);
    // A fleet that is recorded whole is known machine by machine; dead addresses need not be asked again.
    const recorded = Object.keys(outputs.results).map(targetOf);
    const crowd = isWhole(outputs) ? { walk: () => recorded, total: recorded.length } : everybody(targets);
    const { reasons, recording } = await conduct({
      kind: "destroy",
      configurationId: id,
      appliance,
      session,
      log,
      signal,
      crowd,
      partial: false,
      dropped: [],
      uninstalls: true,
      previous: outputs,
    });
    const left = Object.entries(recording.results).flatMap(([key, one]) => (isRight(one.class) ? [] : [key]));
    if (reasons.length === 0 && left.length > 0) log.warn(agentsStay(left));
    // What is said of a machine goes for every run; here it is another command that goes on.
    return reasons.map((reason) => reason.replace("run `pulumi up` again", "run `pulumi destroy` again"));
  });
}

const NAMED = 100;

/** What a destroy leaves behind that tolerates machines, as its configuration says. */
function agentsStay(machines: readonly string[]): string {
  const more = machines.length > NAMED ? ` and ${machines.length - NAMED} more` : "";
  return `tolerated as \`rollout\` says, so the configuration goes, and agents may stay on machines that nobody looks after any more: ${machines.slice(0, NAMED).join(", ")}${more}`;
}
