import { lookup, Resolver } from "node:dns/promises";
import { isIP } from "node:net";

/** Where names and addresses are looked up. Both throw errors with the codes of `node:dns`. */
export interface NameSource {
  /** How many questions it can work on at once. */
  readonly inFlight: number;
  addressesOf(name: string, signal: AbortSignal): Promise<readonly string[]>;
  namesOf(address: string, signal: AbortSignal): Promise<readonly string[]>;
}

/** `getaddrinfo` keeps a thread of the process busy, and files need the others of the four there are. */
const SYSTEM_IN_FLIGHT = 3;
const SERVER_IN_FLIGHT = 64;
const DNS_PORT = 53;

/** This machine's own way to look names up: its hosts file, its search list, its name servers. */
export function systemNames(timeoutMs: number): NameSource {
  return {
    inFlight: SYSTEM_IN_FLIGHT,
    // getaddrinfo cannot be called off: the time-out of the asker is what ends the waiting.
    addressesOf: async (name) => (await lookup(name, { all: true, order: "ipv4first" })).map(({ address }) => address),
    namesOf: (address, signal) => cancellable(newResolver(timeoutMs), signal, (resolver) => resolver.reverse(address)),
  };
}

/**
 * A name server chosen by the user, by address or by host name, with or without a port: `10.0.0.53`, `[fd00::53]:5353`,
 * `ns1.corp.example`.
 *
 * @throws RangeError if the text names no server
 */
export function nameServer(server: string, timeoutMs: number): NameSource {
  const { host, port } = parseNameServer(server);
  let resolving: Promise<readonly string[]> | undefined;
  const servers = () => {
    resolving ??= serversAt(host, port);
    return resolving;
  };
  const ask = async <T>(signal: AbortSignal, question: (resolver: Resolver) => Promise<T>) => {
    const resolver = newResolver(timeoutMs);
    resolver.setServers([...(await servers())]);
    return cancellable(resolver, signal, question);
  };
  return {
    inFlight: SERVER_IN_FLIGHT,
    addressesOf: (name, signal) => ask(signal, (resolver) => bothFamilies(resolver, name)),
    namesOf: (address, signal) => ask(signal, (resolver) => resolver.reverse(address)),
  };
}

/**
 * The host and port of a name server.
 *
 * @throws RangeError if the text names no server
 */
export function parseNameServer(server: string): { readonly host: string; readonly port: number } {
  if (isIP(server) !== 0) return { host: server, port: DNS_PORT };
  const match = /^(?:\[([\da-f:.]+)\]|([^\s:[\]/@]+))(?::(\d{1,5}))?$/i.exec(server);
  const host = match?.[1] ?? match?.[2];
  const port = match?.[3] === undefined ? DNS_PORT : Number(match[3]);
  if (host === undefined || (match?.[1] !== undefined && isIP(host) !== 6) || port < 1 || port > 65_535)
    throw new RangeError(
      `${JSON.stringify(server)} is no name server: expected an address or a host name, such as "10.0.0.53" or "[fd00::53]:5353"`,
    );
  return { host, port };
}

async function serversAt(host: string, port: number): Promise<readonly string[]> {
  const addresses = isIP(host) === 0 ? (await lookup(host, { all: true })).map(({ address }) => address) : [host];
  return addresses.map((address) => (address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`));
}

/** One question may be lost on the way; the second has the rest of the time. */
const TRIES = 2;

function newResolver(timeoutMs: number): Resolver {
  return new Resolver({ timeout: Math.max(1, Math.ceil(timeoutMs / TRIES)), tries: TRIES });
}

async function cancellable<T>(
  resolver: Resolver,
  signal: AbortSignal,
  question: (resolver: Resolver) => Promise<T>,
): Promise<T> {
  const cancel = () => resolver.cancel();
  signal.addEventListener("abort", cancel, { once: true });
  try {
    signal.throwIfAborted();
    return await question(resolver);
  } finally {
    signal.removeEventListener("abort", cancel);
  }
}

/** A name with addresses in one family only is a name with addresses. */
async function bothFamilies(resolver: Resolver, name: string): Promise<readonly string[]> {
  const [ipv4, ipv6] = await Promise.allSettled([resolver.resolve4(name), resolver.resolve6(name)]);
  const addresses = [ipv4, ipv6].flatMap((answer) => (answer.status === "fulfilled" ? answer.value : []));
  if (addresses.length > 0) return addresses;
  // The reason that says more: that there is none only counts if both say so.
  const reasons = [ipv4, ipv6].flatMap((answer) => (answer.status === "rejected" ? [answer.reason as unknown] : []));
  throw reasons.find((reason) => !isNotFound(reason)) ?? reasons[0] ?? new Error(`${name} has no addresses`);
}

/** True if a name server says that there is no such name, or that it has none of what was asked for. */
export function isNotFound(error: unknown): boolean {
  return error instanceof Error && "code" in error && (error.code === "ENOTFOUND" || error.code === "ENODATA");
}
