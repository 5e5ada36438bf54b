import type { Flavour } from "../agent/agent.ts";
import { bench } from "../agent/flavours/bench.ts";
import { FLAVOURS } from "../agent/flavours/registry.ts";

/** Every kind of agent that a bundle may be of; the last is what benchmarks roll out. */
const ALL: readonly Flavour[] = [...Object.values(FLAVOURS), bench];

/** The kind of agent of a package, by its file name. @example flavourOfPackage("ampagent-14.1.19.ubuntu.64.deb")?.name // "quest" */
export function flavourOfPackage(fileName: string): Flavour | undefined {
  return ALL.find((flavour) => flavour.readPackageName(fileName) !== undefined);
}

/** The kind of agent of a name that a bundle recorded. */
export function flavourNamed(name: string): Flavour | undefined {
  return ALL.find((flavour) => flavour.name === name);
}
