import { bench, FLAVOURS } from "../../agent/agent.ts";
import type { Bundle } from "../../appliance/operations/bundles.ts";
import { ProviderError } from "../../kit/define/errors.ts";
import { packagesOf } from "../bundle-packages.ts";
import type { WantedAgent } from "./linux.ts";

/**
 * What is to be installed: from a bundle where one is named, which says the kind of agent then.
 * @throws ProviderError `failed-precondition` for a bundle of a kind that this provider does not know
 */
export function wantedAgent({
  bundle,
  flavour,
  version,
  server,
}: {
  readonly bundle: Pick<Bundle, "flavour" | "packages"> | undefined;
  readonly flavour: string;
  readonly version: string | undefined;
  readonly server: WantedAgent["server"];
}): WantedAgent {
  const name = bundle?.flavour ?? flavour;
  const known = [...Object.values(FLAVOURS), bench].find((one) => one.name === name);
  if (known === undefined)
    throw new ProviderError({
      code: "failed-precondition",
      message: `this provider does not know the kind of agent ${name}`,
      hint: "use a newer pulumi-kace",
    });
  return { flavour: known, version, packages: bundle === undefined ? undefined : packagesOf(bundle), server };
}
