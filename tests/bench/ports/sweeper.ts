import { sweepPorts } from "../../../provider/rollout/ports/sweep.ts";
import { parseTargets } from "../../../provider/rollout/targets/parse-targets.ts";
import type { TargetSet } from "../../../provider/rollout/targets/target-set.ts";

/** What the process that sweeps is told, as JSON in its one argument. */
export interface SweepRequest {
  readonly ipRange: string;
  readonly port: number;
  readonly timeoutMs: number;
  readonly inFlight?: number;
  readonly maxOpen?: number;
}

/** What it says, as JSON on a line. */
export interface SweepFigures {
  readonly elapsedMs: number;
  readonly open: number;
  readonly closed: number;
  readonly filtered: number;
}

function* addressesOf(targets: TargetSet): Generator<string> {
  for (const { address } of targets.walk()) if (address !== undefined) yield address;
}

async function main(): Promise<void> {
  const { ipRange, port, ...limits }: SweepRequest = JSON.parse(process.argv[2] ?? "{}");
  const parsed = parseTargets({ ipRanges: [ipRange] });
  if (!parsed.ok) throw new Error(`${ipRange} is no range`);
  const counts = { open: 0, closed: 0, filtered: 0 };
  const startedMs = performance.now();
  await sweepPorts({
    ...limits,
    addresses: addressesOf(parsed.targets),
    ports: [port],
    onResult: ({ ports: [result] }) => {
      if (result !== undefined) counts[result.state] += 1;
    },
  });
  const figures: SweepFigures = { elapsedMs: performance.now() - startedMs, ...counts };
  console.log(JSON.stringify(figures));
}

if (import.meta.main) await main();
