import type { AgentServer, DesiredAgent, Flavour } from "../../agent/agent.ts";
import type { Bundle } from "../../appliance/operations/bundles.ts";
import { ProviderError } from "../../kit/define/errors.ts";
import { packagesOf } from "../../rollout/bundle-packages.ts";
import { flavourNamed } from "../flavours.ts";
import type { Ground } from "./ground.ts";
import type { Inputs } from "./inputs.ts";

/** What is looked for where nothing names a bundle: a removal finds every kind of agent there is. */
const ANY_SERVER: AgentServer = { host: "localhost", port: 443 };

/**
 * What a configuration wants of the agent on a Linux machine.
 *
 * @param override `removed` for machines that are no longer targets, and for a destroy: only agents of this
 *   configuration's own receipts are removed then
 */
export function desiredAgent(
  inputs: Inputs,
  ground: Ground,
  configurationId: string,
  override?: "removed",
): DesiredAgent {
  const { agent, linux } = inputs;
  return {
    state: override ?? linux?.state ?? inputs.state,
    flavour: flavourOf(ground.bundle),
    version: agent?.version,
    exact: agent?.exact,
    allowDowngrade: agent?.allowDowngrade,
    deniedVersions: agent?.deniedVersions,
    server: ground.server ?? ANY_SERVER,
    configurationId,
    takeOver: override === undefined && inputs.takeOver,
    allowUnsupported: inputs.allowUnsupported,
    onlyOwn: override !== undefined,
    removeDataDirectory: linux?.removeDataDirectory ?? inputs.removeDataDirectory,
    packages: packagesOf(ground.bundle),
    canEnrol: ground.canEnrol,
  };
}

function flavourOf(bundle: Bundle | undefined): Flavour {
  const name = bundle?.flavour ?? "reference";
  const flavour = flavourNamed(name);
  if (flavour !== undefined) return flavour;
  throw new ProviderError({
    code: "failed-precondition",
    path: ["agent", "bundle"],
    message: `the bundle is of a kind of agent that this provider does not know: ${name}`,
    hint: "use a newer pulumi-kace",
  });
}
