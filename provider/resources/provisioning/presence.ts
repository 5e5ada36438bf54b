import type { PreviewOf } from "../../kit/define/plain.ts";
import { Unknown } from "../../kit/define/value.ts";
import type { Inputs } from "./inputs.ts";

/**
 * Whether the configuration installs agents, which is what a bundle, a token and a running server are needed for;
 * undefined where that is not known yet. The section of a platform overrides the configuration's own word.
 */
export function installs({ state, linux }: PreviewOf<Pick<Inputs, "state" | "linux">>): boolean | undefined {
  if (linux instanceof Unknown) return undefined;
  const wanted = linux?.state ?? state;
  return wanted instanceof Unknown ? undefined : wanted === "present";
}
