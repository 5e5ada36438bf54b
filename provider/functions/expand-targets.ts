import * as z from "zod";
import { ProviderError } from "../kit/define/errors.ts";
import { defineFunction } from "../kit/define/function.ts";
import type { Path } from "../kit/define/path.ts";
import { describeTargetProblem, parseTargets, type TargetSpec } from "../rollout/targets/parse-targets.ts";
import { targetsShape } from "../rollout/targets/shape.ts";
import { LARGE, sizeProblem } from "../rollout/targets/size.ts";
import type { TargetSet } from "../rollout/targets/target-set.ts";

/** What is to be expanded, and which part of it is wanted. */
export interface ExpandRequest {
  readonly targets: TargetSpec;
  readonly allowLarge: boolean;
  readonly limit: number;
  readonly offset: number;
}

/** A part of the machines, and how many there are. */
export interface Expansion {
  readonly count: number;
  readonly machines: readonly string[];
  readonly truncated: boolean;
}

/**
 * The set that targets of a call stand for.
 *
 * @throws ProviderError `invalid-input` at the first item that is wrong, or if there are none or too many
 */
export function targetsOf(spec: TargetSpec, allowLarge: boolean, at: Path = ["targets"]): TargetSet {
  const parsed = parseTargets(spec, at);
  const problem = parsed.ok ? sizeProblem(parsed.targets, { allowLarge }, at) : parsed.problems[0];
  if (problem !== undefined)
    throw new ProviderError({ code: "invalid-input", message: describeTargetProblem(problem), path: problem.path });
  if (!parsed.ok) throw new ProviderError({ code: "internal", message: "targets are wrong for no reason" });
  return parsed.targets;
}

/**
 * A part of the machines that targets mean.
 *
 * @throws ProviderError `invalid-input` as {@link targetsOf}
 */
export function expand({ targets, allowLarge, limit, offset }: ExpandRequest): Expansion {
  const set = targetsOf(targets, allowLarge);
  const machines: string[] = [];
  for (const { key } of set.walk(BigInt(offset))) {
    if (machines.length === limit) break;
    machines.push(key);
  }
  return { count: Number(set.count), machines, truncated: BigInt(offset) + BigInt(machines.length) < set.count };
}

const definition = defineFunction({
  name: "expandTargets",
  description:
    "The machines that targets mean, without looking for any: what a range, a pattern and their exclusions come to. Nothing is sent over the network.",
  inputs: z.object({
    targets: targetsShape,
    allowLarge: z
      .boolean()
      .default(false)
      .meta({ description: `Needed for more than ${LARGE} targets.` }),
    limit: z
      .int()
      .min(0)
      .max(LARGE)
      .default(1_000)
      .meta({ description: "How many machines to give at most; the count is that of all." }),
    offset: z
      .int()
      .min(0)
      .default(0)
      .meta({ description: "How many machines to leave out at the beginning, to give the rest in parts." }),
  }),
  outputs: z.object({
    count: z.number().meta({
      description:
        "How many machines there are, each counted once. Exact up to 2^53, which only IPv6 networks go beyond.",
    }),
    machines: z.array(z.string()).meta({
      description:
        "Host names in the order given, then IPv4 and then IPv6 addresses in rising order, these in brackets: as results name them.",
    }),
    truncated: z.boolean().meta({ description: "True if there are more behind these." }),
  }),
  examples: [
    {
      title: "What a range comes to",
      yaml: `name: expand-targets
runtime: yaml
variables:
  expanded:
    fn::invoke:
      function: kace:expandTargets
      arguments:
        targets:
          ipRanges: 192 168 2-5 1-200
          hostnames: [ "web[01-20].corp.example" ]
          exclude: [ "192.168.2.1" ]
outputs:
  count: \${expanded.count}
`,
      typescript: `import * as kace from "@pulumi-kace/kace";

const expanded = kace.expandTargetsOutput({
  targets: {
    ipRanges: "192 168 2-5 1-200",
    hostnames: ["web[01-20].corp.example"],
    exclude: ["192.168.2.1"],
  },
});
export const count = expanded.count;
`,
      python: `import pulumi
import pulumi_kace as kace

expanded = kace.expand_targets_output(targets={
    "ip_ranges": "192 168 2-5 1-200",
    "hostnames": ["web[01-20].corp.example"],
    "exclude": ["192.168.2.1"],
})
pulumi.export("count", expanded.count)
`,
    },
  ],
});

/** `kace:index:expandTargets`. */
export const expandTargets = definition.handle<unknown>(async ({ inputs }) => expand(inputs));
