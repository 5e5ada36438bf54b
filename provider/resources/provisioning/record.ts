import { serverText } from "../../agent/agent.ts";
import type { Input } from "../../appliance/appliance.ts";
import { withoutCredentials } from "../../kit/define/credentials.ts";
import type { ObjectShape } from "../../kit/define/shape.ts";
import type { ValueMap } from "../../kit/define/value.ts";
import type { Ground } from "./ground.ts";
import { type Inputs, inputs as inputsSchema } from "./inputs.ts";
import { type ProviderLimits, runInputsOf } from "./run-inputs.ts";

/** What identifies a configuration and what it says. */
export interface ConfigurationContent {
  readonly id: string;
  readonly urn: string;
  readonly name: string;
  readonly inputs: Inputs;
  readonly ground: Pick<Ground, "bundle" | "server">;
  /** Those of the provider that the program uses: the runs of a schedule keep to them too. */
  readonly limits: ProviderLimits;
  /** The shape of the inputs, which knows what of them is a credential. */
  readonly shape: ObjectShape;
}

const MAX_TARGETS_TEXT = 2_000;

/**
 * A configuration as the appliance keeps it: what lists show, and the inputs without credentials, for an import; with a
 * schedule also, to be encrypted, what its runs need.
 */
export function configurationRecord(content: ConfigurationContent): Input<"saveConfiguration"> {
  const { id, urn, name, inputs, ground, shape, limits } = content;
  const plain: ValueMap = JSON.parse(JSON.stringify(inputs)); // what is absent stays away, and the rest are plain values
  return {
    id,
    urn,
    name,
    description: {
      targets: targetsText(inputs.targets),
      enabled: inputs.enabled,
      state: inputs.linux?.state ?? inputs.state,
      flavour: ground.bundle?.flavour,
      version: inputs.agent?.version,
      bundle: inputs.agent?.bundle,
      server: ground.server && serverText(ground.server),
      schedule: inputs.schedule,
      inputs: JSON.stringify(withoutCredentials(shape, plain)),
    },
    token: inputs.agent?.token,
    runInputs: runInputsOf({ inputs, limits }),
  };
}

/** The inputs that a record was made of; undefined if it holds none that this version understands. */
export function recordedInputs(text: string | undefined): Inputs | undefined {
  if (text === undefined) return undefined;
  const read = inputsSchema.safeParse(JSON.parse(text));
  return read.success ? read.data : undefined;
}

/** Targets on one line. @example targetsText({ hostnames: ["web01"], exclude: "10.0.0.1" }) // "web01, not 10.0.0.1" */
export function targetsText({ ipRanges, ips, hostnames, exclude }: Inputs["targets"]): string {
  const items = [hostnames, ips, ipRanges].flatMap((list) => list ?? []);
  const not = [exclude].flatMap((list) => list ?? []);
  const text = [items.join(", "), not.length === 0 ? "" : `not ${not.join(", ")}`]
    .filter((part) => part !== "")
    .join(", ");
  return text.length <= MAX_TARGETS_TEXT ? text : `${text.slice(0, MAX_TARGETS_TEXT - 1)}…`;
}
