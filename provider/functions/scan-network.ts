import * as z from "zod";
import { defineFunction } from "../kit/define/function.ts";
import { duration, durationMs } from "../kit/define/scalars.ts";
import { createDns, type Dns } from "../rollout/dns/dns.ts";
import { nameServer, parseNameServer, systemNames } from "../rollout/dns/name-source.ts";
import { isLive } from "../rollout/ports/port-state.ts";
import { sweepPorts } from "../rollout/ports/sweep.ts";
import { parseAddress } from "../rollout/targets/address.ts";
import type { TargetSpec } from "../rollout/targets/parse-targets.ts";
import { targetsShape } from "../rollout/targets/shape.ts";
import { LARGE } from "../rollout/targets/size.ts";
import type { Target } from "../rollout/targets/target.ts";
import type { TargetSet } from "../rollout/targets/target-set.ts";
import { targetsOf } from "./expand-targets.ts";

/** What is to be looked at. */
export interface ScanRequest {
  readonly targets: TargetSpec;
  readonly allowLarge: boolean;
  readonly ports: readonly number[];
  readonly portScanTimeoutMs: number;
  /** Whether the host names of machines that were found are looked up. */
  readonly reverseLookup: boolean;
}

/** The world, as a scan needs it. */
export interface ScanWorld {
  readonly dns: Dns;
  readonly signal?: AbortSignal | undefined;
  readonly sweep: typeof sweepPorts;
}

/** A machine with at least one open port. */
export interface FoundMachine {
  readonly address: string;
  /** Those it was given by, and those that its address has. */
  readonly names: readonly string[];
  readonly openPorts: readonly number[];
}

/** A host name that led nowhere. */
export interface Unresolved {
  readonly name: string;
  readonly reason: "not-found" | "timeout" | "refused";
}

/** What a scan found; the counts add up: every address is open, closed or silent. */
export interface ScanResult {
  readonly machines: readonly FoundMachine[];
  readonly unresolved: readonly Unresolved[];
  readonly scanned: number;
  readonly open: number;
  readonly closed: number;
  readonly silent: number;
}

/**
 * Looks which of the targets have open ports. A name stands for all of its addresses; each address is looked at once.
 *
 * @throws ProviderError `invalid-input` for targets that are wrong, and what the signal says if it fires
 */
export async function scan(request: ScanRequest, { dns, signal, sweep }: ScanWorld): Promise<ScanResult> {
  const targets = targetsOf(request.targets, request.allowLarge);
  const { namesByAddress, unresolved } = await resolveNames(targets, dns);
  const found: { readonly address: string; readonly openPorts: readonly number[] }[] = [];
  let [scanned, closed, silent] = [0, 0, 0];
  await sweep({
    addresses: addressesOf(targets, namesByAddress),
    ports: request.ports,
    timeoutMs: request.portScanTimeoutMs,
    signal,
    onResult: (result) => {
      scanned += 1;
      const openPorts = result.ports.filter(({ state }) => state === "open").map(({ port }) => port);
      if (openPorts.length > 0) found.push({ address: result.address, openPorts });
      else if (isLive(result)) closed += 1;
      else silent += 1;
    },
  });
  const machines = await Promise.all(
    found.map(async ({ address, openPorts }): Promise<FoundMachine> => {
      const given = namesByAddress.get(address) ?? [];
      const known = request.reverseLookup ? await dns.reverse(address) : undefined;
      const names = [...new Set([...given, ...(known?.kind === "resolved" ? known.names : [])])];
      return { address, names, openPorts };
    }),
  );
  machines.sort((a, b) => compareAddresses(a.address, b.address));
  return { machines, unresolved, scanned, open: machines.length, closed, silent };
}

async function resolveNames(targets: TargetSet, dns: Dns) {
  const names = targets.named().flatMap(({ name }) => name ?? []);
  const answers = await Promise.all(names.map(async (name) => ({ name, answer: await dns.forward(name) })));
  const namesByAddress = new Map<string, string[]>();
  const unresolved: Unresolved[] = [];
  for (const { name, answer } of answers) {
    if (answer.kind !== "resolved") {
      unresolved.push({ name, reason: answer.kind });
      continue;
    }
    for (const address of answer.addresses) {
      const others = namesByAddress.get(address) ?? [];
      others.push(name);
      namesByAddress.set(address, others);
    }
  }
  return { namesByAddress, unresolved };
}

/** The addresses of names first, then those that were given as addresses and are not among them. */
function* addressesOf(targets: TargetSet, namesByAddress: ReadonlyMap<string, unknown>): Generator<string> {
  yield* namesByAddress.keys();
  for (const { address } of addressTargets(targets))
    if (address !== undefined && !namesByAddress.has(address)) yield address;
}

function* addressTargets(targets: TargetSet): Generator<Target> {
  for (const target of targets.walk()) if (target.origin !== "name") yield target;
}

/** IPv4 before IPv6, each in rising order. */
function compareAddresses(a: string, b: string): number {
  const [left, right] = [parseAddress(a), parseAddress(b)];
  if (left === undefined || right === undefined || left.family !== right.family)
    return (left?.family.version ?? 0) - (right?.family.version ?? 0);
  return left.value < right.value ? -1 : Number(left.value > right.value);
}

const DEFAULT_TIMEOUT = "2s";

const definition = defineFunction({
  name: "scanNetwork",
  description:
    "Which of the targets have open ports, and what their names are: connects to each port, says nothing and hangs up. It takes about (silent addresses x ports x time-out / 512), and less where machines answer quickly.",
  inputs: z.object({
    targets: targetsShape,
    allowLarge: z
      .boolean()
      .default(false)
      .meta({ description: `Needed for more than ${LARGE} targets.` }),
    ports: z
      .array(z.int().min(1).max(65_535))
      .min(1)
      .default([22])
      .meta({ description: "The TCP ports to try at each address.", examples: [[22, 5985]] }),
    portScanTimeout: duration()
      .refine((text) => durationMs(text) > 0, { error: 'expected more than no time at all, such as "2s"' })
      .default(DEFAULT_TIMEOUT)
      .meta({ description: "How long a port may take to answer." }),
    dns: z
      .object({
        lookup: z
          .boolean()
          .default(true)
          .meta({ description: "Whether to look up the host names of the machines that were found." }),
        nameServer: z
          .string()
          .refine(isNameServer, {
            error: 'expected an address or a host name, such as "10.0.0.53" or "[fd00::53]:5353"',
          })
          .optional()
          .meta({
            description: "The name server to ask, by address or host name; this machine's own ways if left out.",
            examples: ["10.0.0.53"],
          }),
        timeout: duration()
          .refine((text) => durationMs(text) > 0, { error: 'expected more than no time at all, such as "2s"' })
          .default(DEFAULT_TIMEOUT)
          .meta({ description: "How long one look-up may take." }),
      })
      .prefault({})
      .meta({ typeName: "ScanDns", description: "How names are looked up." }),
  }),
  outputs: z.object({
    machines: z
      .array(
        z
          .object({
            address: z.string().meta({ description: "Its address." }),
            names: z
              .array(z.string())
              .meta({ description: "The host names it was given by, and those that its address has." }),
            openPorts: z.array(z.int()).meta({ description: "The ports that accepted a connection." }),
          })
          .meta({ typeName: "ScannedMachine", description: "A machine with at least one open port." }),
      )
      .meta({ description: "The machines that were found, in the order of their addresses." }),
    unresolved: z
      .array(
        z
          .object({
            name: z.string().meta({ description: "The host name." }),
            reason: z
              .enum(["not-found", "timeout", "refused"])
              .meta({ typeName: "LookupFailure", description: "Why it has no address." }),
          })
          .meta({ typeName: "UnresolvedName", description: "A host name that has no address." }),
      )
      .meta({ description: "The host names that have no address." }),
    scanned: z.int().meta({ description: "How many addresses were tried: open, closed and silent ones together." }),
    open: z.int().meta({ description: "How many have an open port." }),
    closed: z.int().meta({ description: "How many answered, with no open port among those tried." }),
    silent: z.int().meta({ description: "How many did not answer." }),
  }),
  timeout: "6h",
  examples: [
    {
      title: "The machines of a network that can be logged in to",
      yaml: `name: scan-network
runtime: yaml
variables:
  scan:
    fn::invoke:
      function: kace:scanNetwork
      arguments:
        targets:
          ipRanges: [ "127.0.0.1-127.0.0.4" ]
        ports: [ 22 ]
        dns:
          lookup: false
outputs:
  machines: \${scan.machines}
`,
      typescript: `import * as kace from "@pulumi-kace/kace";

const scan = kace.scanNetworkOutput({
  targets: { ipRanges: ["127.0.0.1-127.0.0.4"] },
  ports: [22],
  dns: { lookup: false },
});
export const machines = scan.machines;
`,
      python: `import pulumi
import pulumi_kace as kace

scan = kace.scan_network_output(
    targets={"ip_ranges": ["127.0.0.1-127.0.0.4"]},
    ports=[22],
    dns={"lookup": False},
)
pulumi.export("machines", scan.machines)
`,
    },
  ],
});

function isNameServer(text: string): boolean {
  try {
    parseNameServer(text);
    return true;
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}

/** `kace:index:scanNetwork`. */
export const scanNetwork = definition.handle<unknown>(async ({ inputs }, { signal }) => {
  const { targets, allowLarge, ports, portScanTimeout, dns } = inputs;
  const timeoutMs = durationMs(dns.timeout);
  const source = dns.nameServer === undefined ? systemNames(timeoutMs) : nameServer(dns.nameServer, timeoutMs);
  return await scan(
    { targets, allowLarge, ports, portScanTimeoutMs: durationMs(portScanTimeout), reverseLookup: dns.lookup },
    { dns: createDns(source, { timeoutMs, signal }), signal, sweep: sweepPorts },
  );
});
