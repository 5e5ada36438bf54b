import type { ApplianceAccess } from "../../appliance/access.ts";
import type { Appliance } from "../../appliance/appliance.ts";
import type { Bundle } from "../../appliance/operations/bundles.ts";
import type { Context } from "../../kit/define/call.ts";
import type { PreviewOf } from "../../kit/define/plain.ts";
import type { PreviewedOutputs } from "../../kit/define/resource.ts";
import { Unknown, unknown } from "../../kit/define/value.ts";
import type { Outcome } from "../../rollout/outcome.ts";
import { reasons } from "../../rollout/reasons.ts";
import { type Recording, without } from "../../rollout/results.ts";
import { previewTable } from "../../rollout/table.ts";
import { wholly } from "../known.ts";
import { NOTHING } from "./conduct.ts";
import { everybody, notRightOnes, targetsOf } from "./crowd.ts";
import { reallyGone, standingOf } from "./dropped.ts";
import { examine } from "./examine.ts";
import { groundOf, requireToken } from "./ground.ts";
import type { Inputs } from "./inputs.ts";
import type { Outputs } from "./outputs.ts";
import { droppedBy } from "./provision.ts";
import { scheduleWarning } from "./schedule.ts";
import { NOBODY_ANSWERS } from "./telling.ts";

/** What a preview is about. */
export interface Previewed {
  readonly id: string;
  readonly urn: string;
  readonly inputs: PreviewOf<Inputs>;
  readonly old?: { readonly inputs: Inputs; readonly outputs: Recording } | undefined;
  readonly changed: boolean;
}

/**
 * Looks at the machines and shows what would be done to each, and why. Writes nothing anywhere.
 *
 * @throws ProviderError where `up` would stop before its first machine
 */
export async function previewProvisioning(
  given: Previewed,
  context: Context<ApplianceAccess>,
): Promise<PreviewedOutputs<Outputs>> {
  const { client, log, signal } = context;
  const enabled = given.inputs.enabled;
  if (enabled === false) {
    log.info("the configuration is not enabled: it is only saved");
    return given.old?.outputs ?? NOTHING;
  }
  const known = knownEnough(given.inputs);
  if (known === undefined) {
    log.info("what the machines are, or how they are reached, is not known yet: they are looked at in the update");
    return {};
  }
  const { inputs, coming } = known;
  const { bundle: bundleId } = inputs.agent ?? {};
  // The bundle is changed by this update, and what will be in it is not known yet.
  const changing = bundleId === undefined ? undefined : client.bundles.of(bundleId);
  const unread = changing !== undefined && changing.packages === undefined;
  const targets = targetsOf(inputs);
  const recorded = given.old?.outputs.results ?? {};
  const some = given.changed || given.old === undefined ? undefined : notRightOnes(given.old.outputs, targets);
  let warned = false;
  const hasToken = (organization: string, name: string) =>
    client.names.has(given.urn, { kind: "AgentToken", organization, name });
  const ground = async (appliance: Appliance) => {
    const found = await groundOf(inputs, appliance, { ...coming, bundles: client.bundles, hasToken });
    if (given.old === undefined) await requireToken(found, given.id, appliance);
    const warnings = warned ? [] : [...found.warnings, ...(await scheduleWarning(inputs, appliance))];
    for (const warning of warnings) log.warn(warning);
    warned = true;
    const anyOf = (flavour?: string) => ({ ...found, bundle: anyBundle(inputs.agent?.version ?? "0", flavour) });
    if (coming.bundle) return anyOf();
    return unread ? anyOf(found.bundle?.flavour) : found;
  };
  const look = { inputs, configurationId: given.id, client, log, signal, recorded, ground };
  const main = await examine({ ...look, crowd: some ?? everybody(targets) });
  const outcomes = [...main.outcomes.values()].map((outcome) =>
    coming.bundle || unread ? withoutVersion(outcome, inputs, unread ? "changed" : "made") : outcome,
  );
  const dropped = given.old === undefined ? [] : droppedBy(given.old, inputs);
  const others = without(
    given.old?.outputs ?? NOTHING,
    dropped.map(({ key }) => key),
  ).results;
  const gone = reallyGone(dropped, recorded, [...outcomes, ...standingOf(others)]);
  if (gone.length > 0 && inputs.onDestroy === "uninstall") {
    const removal = await examine({ ...look, crowd: { walk: () => gone, total: gone.length }, override: "removed" });
    outcomes.push(...removal.outcomes.values());
  } else if (gone.length > 0) {
    log.info(`no longer a target, and left as it is: ${gone.map(({ key }) => key).join(", ")}`);
  }
  const { absent } = main.summary;
  if (absent > 0 && outcomes.length === 0) log.warn(NOBODY_ANSWERS);
  const silent = absent === 0 ? "" : `\n${absent} ${absent === 1 ? "address does" : "addresses do"} not answer`;
  log.info(
    `what would be done to each machine; nothing was written\n${await previewTable(outcomes, { colour: false })}${silent}`,
  );
  const wrong = outcomes.filter(
    ({ class: outcomeClass }) => outcomeClass === "failed" || outcomeClass === "unreachable",
  );
  if (wrong.length > 0) {
    const who = wrong.length === 1 ? "1 machine" : `${wrong.length} machines`;
    log.warn(`as things are, ${who} would not be right after the update:\n${reasons(wrong).join("\n")}`);
  }
  if (some === undefined || given.old === undefined) return {};
  // What is not worked on stays as it is recorded; the rest is what the update finds out.
  const touched = new Set(outcomes.map(({ machine }) => machine));
  const results = Object.entries(given.old.outputs.results).map(
    ([machine, result]) => [machine, touched.has(machine) ? unknown : result] as const,
  );
  return { results: Object.fromEntries(results) };
}

/** Inputs with which machines can be looked at, though a bundle or a token may still be made by this very update. */
function knownEnough(
  inputs: PreviewOf<Inputs>,
): { readonly inputs: Inputs; readonly coming: { readonly bundle: boolean; readonly token: boolean } } | undefined {
  const { agent } = inputs;
  if (agent === undefined || agent instanceof Unknown) {
    const whole = wholly<Inputs>(inputs);
    return whole && { inputs: whole, coming: { bundle: false, token: false } };
  }
  const coming = { bundle: agent.bundle instanceof Unknown, token: agent.token instanceof Unknown };
  const { token, bundle, ...rest } = agent;
  const whole = wholly<Inputs>({
    ...inputs,
    agent: {
      ...rest,
      ...(bundle !== undefined && !(bundle instanceof Unknown) && { bundle }),
      ...(token !== undefined && !(token instanceof Unknown) && { token }),
    },
  });
  return whole && { inputs: whole, coming };
}

/** Stands for whatever the bundle will be: a package for every machine. */
function anyBundle(version: string, flavour = "reference"): Bundle {
  const packages = ["amd64", "arm64"].flatMap((architecture) =>
    ["deb", "rpm", "tar.gz"].map((format) => ({
      fileName: `any-${architecture}.${format}`,
      platform: "linux",
      architecture,
      format,
      version,
      sha256: "0".repeat(64),
      sizeBytes: 0,
    })),
  );
  const now = "1970-01-01T00:00:00.000Z";
  return {
    id: "any",
    organization: "default",
    name: "any",
    version,
    flavour,
    packages,
    createdAt: now,
    updatedAt: now,
  };
}

/** What the bundle holds is not known yet, so nothing is said of its version. */
function withoutVersion(outcome: Outcome, { agent }: Inputs, how: "made" | "changed"): Outcome {
  if (outcome.action !== "install" || outcome.code !== "planned") return outcome;
  const orNewer = agent?.exact === true ? "" : " or a newer one";
  const has = agent?.version === undefined ? "" : `, and has to have version ${agent.version}${orNewer}`;
  return { ...outcome, message: `no agent is there; the bundle is ${how} in this update${has}` };
}
