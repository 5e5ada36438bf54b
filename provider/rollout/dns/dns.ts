import { isIP } from "node:net";
import { Gate } from "../gate.ts";
import type { ForwardLookup, Lookup, ReverseLookup } from "./answers.ts";
import { isNotFound, type NameSource } from "./name-source.ts";

/** Name look-ups of one run: each question is asked once. */
export interface Dns {
  /** The addresses of a host name; an address is its own. @throws what the signal of the run says if it fires */
  forward(name: string): Promise<ForwardLookup>;
  /** The host names of an address. @throws what the signal of the run says if it fires */
  reverse(address: string): Promise<ReverseLookup>;
}

/** How long one answer may take, from the moment the question is asked, and what ends everything. */
export interface DnsOptions {
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Look-ups by a source of names, each question once, never more at a time than the source can work on.
 *
 * @example
 * const dns = createDns(systemNames(2_000), { timeoutMs: 2_000 });
 * await dns.forward("web01.corp.example"); // { kind: "resolved", addresses: ["192.168.2.10"] }
 */
export function createDns(source: NameSource, options: DnsOptions): Dns {
  const gate = new Gate(source.inFlight);
  const forwards = new Map<string, Promise<ForwardLookup>>();
  const reverses = new Map<string, Promise<ReverseLookup>>();
  return {
    forward: (name) =>
      once(forwards, name.toLowerCase(), async () => {
        if (isIP(name) !== 0) return { kind: "resolved", addresses: [name] };
        const found = await ask(gate, options, (signal) => source.addressesOf(name, signal));
        return found.kind === "resolved" ? { kind: "resolved", addresses: [...new Set(found.texts)] } : found;
      }),
    reverse: (address) =>
      once(reverses, address, async () => {
        const found = await ask(gate, options, (signal) => source.namesOf(address, signal));
        if (found.kind !== "resolved") return found;
        return {
          kind: "resolved",
          names: [...new Set(found.texts.map((name) => name.toLowerCase().replace(/\.$/, "")))],
        };
      }),
  };
}

function once<T>(known: Map<string, Promise<T>>, key: string, ask: () => Promise<T>): Promise<T> {
  const before = known.get(key);
  if (before !== undefined) return before;
  const asked = ask();
  known.set(key, asked);
  return asked;
}

type Texts = Lookup<{ readonly texts: readonly string[] }>;

async function ask(
  gate: Gate,
  { timeoutMs, signal: run }: DnsOptions,
  question: (signal: AbortSignal) => Promise<readonly string[]>,
): Promise<Texts> {
  run?.throwIfAborted();
  const leave = await gate.enter();
  if (run?.aborted === true) {
    leave();
    run.throwIfAborted();
  }
  const over = new AbortController();
  const asked = question(over.signal).then(
    (texts): Texts => (texts.length === 0 ? { kind: "not-found" } : { kind: "resolved", texts }),
    (error: unknown): Texts => failureOf(error),
  );
  // The place stays taken until the source is really done: what was given up may still keep a thread busy.
  asked.then(leave, leave);
  const { promise: ended, resolve, reject } = Promise.withResolvers<Texts>();
  const timer = setTimeout(() => resolve({ kind: "timeout" }), timeoutMs);
  const abort = () => reject(run?.reason);
  run?.addEventListener("abort", abort, { once: true });
  try {
    return await Promise.race([asked, ended]);
  } finally {
    clearTimeout(timer);
    run?.removeEventListener("abort", abort);
    over.abort();
  }
}

function failureOf(error: unknown): Texts {
  if (isNotFound(error)) return { kind: "not-found" };
  const code = error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
  if (code === "ETIMEOUT" || code === "ETIMEDOUT" || code === "ECANCELLED") return { kind: "timeout" };
  // What has no code is no answer of a name server but a fault of ours.
  if (code === undefined) throw error;
  return { kind: "refused", reason: code };
}
