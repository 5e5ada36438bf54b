import { expand } from "../../../provider/functions/expand-targets.ts";
import { parseTargets } from "../../../provider/rollout/targets/parse-targets.ts";

/** What the process that walks says, as JSON on a line. */
export interface WalkFigures {
  readonly expandMs: number;
  readonly walkMs: number;
  /** How much the process grew beyond what it needed before. */
  readonly grownMiB: number;
}

const KIB_PER_MIB = 1_024;

function main(): void {
  const targets = { ipRanges: ["10.0.0.0/8"] };
  expand({ targets: { ips: "10.0.0.1" }, allowLarge: true, limit: 1, offset: 0 }); // what is loaded once, is loaded
  const beforeKiB = process.resourceUsage().maxRSS;
  const startedMs = performance.now();
  expand({ targets, allowLarge: true, limit: 1_000, offset: 0 });
  const expandedMs = performance.now();
  const parsed = parseTargets(targets);
  if (!parsed.ok) throw new Error("the range is wrong");
  let count = 0;
  for (const { key } of parsed.targets.walk()) if (key !== "") count += 1;
  if (count !== 2 ** 24) throw new Error(`a /8 has ${count} addresses`);
  const figures: WalkFigures = {
    expandMs: expandedMs - startedMs,
    walkMs: performance.now() - expandedMs,
    grownMiB: (process.resourceUsage().maxRSS - beforeKiB) / KIB_PER_MIB,
  };
  console.log(JSON.stringify(figures));
}

if (import.meta.main) main();
