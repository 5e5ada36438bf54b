/** What Node writes with `--cpu-prof`, as far as it is used here. Times are in microseconds. */
export interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: { readonly functionName: string; readonly url: string };
  }[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

/** Code that belongs together, and its share of the time in which the process did anything. */
export interface ProfileGroup {
  readonly name: string;
  readonly share: number;
  /** Its most expensive functions with their own shares. */
  readonly functions: readonly { readonly name: string; readonly share: number }[];
}

/** Which group a file belongs to; the first that matches counts. */
const GROUPS: readonly (readonly [RegExp, string])[] = [
  [/\/google-protobuf\//, "protobuf: reading and writing bytes"],
  [/\/@pulumi\/pulumi\/proto\//, "protobuf: generated messages"],
  [/\/struct-fields\.ts$/, "protobuf: Struct"],
  [/\/kit\/pulumi\/wire-[^/]*\.ts$/, "kit: codec"],
  [/\/kit\/define\/(check|reasons|fallback|json-text|mark|peel)\.ts$/, "kit: check"],
  [/\/kit\/define\/(difference|fingerprint)\.ts$/, "kit: diff"],
  [/\/kit\/pulumi\/(redact|needles|secret-forms)\.ts$/, "kit: masking of secrets"],
  [/\/kit\/pulumi\/(calls|server|session|engine-log|status)\.ts$/, "kit: running calls"],
  [/\/kit\//, "kit: other"],
  [/\/@grpc\/grpc-js\//, "gRPC"],
  [/\/node_modules\/zod\//, "zod"],
  [/^node:/, "Node: HTTP/2, streams, timers"],
];

const MOST_FUNCTIONS = 4;

/**
 * Sums up where the time went, by groups of files; the largest first. Time in which nothing ran is left out.
 */
export function readProfile(profile: CpuProfile): ProfileGroup[] {
  const frames = new Map(profile.nodes.map(({ id, callFrame }) => [id, callFrame]));
  const groups = new Map<string, Map<string, number>>();
  let total = 0;
  for (const [index, id] of profile.samples.entries()) {
    const frame = frames.get(id);
    if (frame === undefined || frame.functionName === "(idle)" || frame.functionName === "(root)") continue;
    // The time since the sample before is the best guess of how long this one lasted.
    const time = profile.timeDeltas[index] ?? 0;
    const functions = groups.get(groupOf(frame)) ?? new Map<string, number>();
    groups.set(groupOf(frame), functions);
    const name = frame.functionName === "" ? "(anonymous)" : frame.functionName;
    functions.set(name, (functions.get(name) ?? 0) + time);
    total += time;
  }
  return [...groups]
    .map(([name, functions]) => ({
      name,
      share: [...functions.values()].reduce((sum, time) => sum + time, 0) / total,
      functions: [...functions]
        .map(([functionName, time]) => ({ name: functionName, share: time / total }))
        .sort(byShare)
        .slice(0, MOST_FUNCTIONS),
    }))
    .sort(byShare);
}

function byShare(one: { readonly share: number }, other: { readonly share: number }): number {
  return other.share - one.share;
}

function groupOf({ functionName, url }: { readonly functionName: string; readonly url: string }): string {
  if (functionName === "(garbage collector)") return "garbage collection";
  if (url === "") return "native code: sockets, HTTP/2, strings";
  return GROUPS.find(([pattern]) => pattern.test(url))?.[1] ?? "other";
}

const MOST_GROUPS = 12;

/** The largest groups, one in a line. */
export function formatProfile(groups: readonly ProfileGroup[]): string {
  return groups
    .slice(0, MOST_GROUPS)
    .map(({ name, share, functions }) => {
      const most = functions.map((entry) => `${entry.name} ${percent(entry.share)}`).join(", ");
      return `  ${percent(share).padStart(6)}  ${name.padEnd(38)}  ${most}`;
    })
    .join("\n");
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)}%`;
}
