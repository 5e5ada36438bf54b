import type { Context, Log } from "../define/call.ts";
import { describeError, type ErrorDetail, ProviderError, toErrorDetail } from "../define/errors.ts";
import type { Provider } from "../define/provider.ts";
import type { Resource } from "../define/resource.ts";
import type { ObjectShape } from "../define/shape.ts";
import { nearest } from "../define/suggest.ts";
import type { Value, ValueMap } from "../define/value.ts";
import { Calls, type RunningCall } from "./calls.ts";
import type { WireComponent } from "./component.ts";
import { EngineLog } from "./engine-log.ts";
import { EngineNotes } from "./engine-notes.ts";
import { Makings } from "./makings.ts";
import { eachDeclaredSecret } from "./outputs.ts";
import { type RedactionScope, Redactor } from "./redact.ts";
import { parseUrn, type Urn } from "./urn.ts";

/** What a server may be told; the defaults are those of the product. */
export interface SessionOptions {
  /** How long a handler may go on after its signal fired. Default 30 s. */
  readonly graceMs?: number;
  readonly environment?: Readonly<Record<string, string | undefined>>;
}

/** How long a handler of ours may go on after Ctrl-C or its time-out: enough to finish a step and say what it did. */
const GRACE_MS = 30_000;

/** Everything one running plugin knows: its provider, its configuration, its calls and where it logs. */
export class Session<Client> {
  readonly provider: Provider<Client, WireComponent>;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly calls: Calls;
  readonly redactor = new Redactor();
  readonly makings = new Makings();
  /** The resources that were read by their id alone, to be imported, and not yet compared with the program. */
  readonly imported = new Set<string>();
  readonly engineLog = new EngineLog((text) => this.redactor.mask(text));
  engineAddress: string | undefined;
  #client: { readonly value: Client } | undefined;

  constructor(provider: Provider<Client, WireComponent>, options: SessionOptions = {}) {
    this.provider = provider;
    this.environment = options.environment ?? process.env;
    this.calls = new Calls({
      graceMs: options.graceMs ?? GRACE_MS,
      onLateEnd: (what, end) => this.#reportLateEnd(what, end),
    });
  }

  /** Tells the session where its engine listens; the newest word counts. */
  connect(engineAddress: string): void {
    if (engineAddress === "" || engineAddress === this.engineAddress) return;
    this.engineAddress = engineAddress;
    this.engineLog.connect(engineAddress);
    const { provider } = this;
    if (provider.worldOf === undefined) return;
    this.makings.share({
      notes: new EngineNotes(engineAddress),
      world: () => (this.#client === undefined ? "" : (provider.worldOf?.(this.#client.value) ?? "")),
      report: (error) =>
        this.engineLog.warn(
          "",
          `the processes of this plugin cannot tell each other what they make, so a replacement by another provider may delete what it took over: ${error instanceof Error ? error.message : error}`,
        ),
    });
  }

  setClient(value: Client): void {
    this.#client = { value };
  }

  get isConfigured(): boolean {
    return this.#client !== undefined;
  }

  /** What handlers get. @throws ProviderError `failed-precondition` before Configure */
  context(urn: string, call: RunningCall): Context<Client> {
    if (this.#client === undefined) {
      throw new ProviderError({ code: "failed-precondition", message: "the provider is not configured yet" });
    }
    return { client: this.#client.value, signal: call.signal, log: this.log(urn) };
  }

  /** The log of one resource; an empty URN logs for the whole deployment. */
  log(urn: string): Log {
    const log = this.engineLog;
    return {
      debug: (text) => log.debug(urn, text),
      info: (text) => log.info(urn, text),
      warn: (text) => log.warn(urn, text),
      error: (text) => log.error(urn, text),
      status: (text) => log.status(urn, text),
    };
  }

  /** Masks the secrets of a call from now on until `release`. */
  conceal(scope: RedactionScope, shape: ObjectShape | undefined, maps: readonly ValueMap[]): void {
    for (const map of maps) {
      scope.add(map);
      if (shape !== undefined) eachDeclaredSecret(shape, map, (value: Value) => scope.add(value));
    }
  }

  /** The resource of a request. @throws ProviderError `not-found` naming the nearest one, or `invalid-input` */
  resource(urnText: string): { readonly urn: Urn; readonly resource: Resource<Client> } {
    const urn = parseUrn(urnText);
    const resource = this.provider.resources.get(urn.type);
    if (resource === undefined) throw unknownToken("resource type", urn.type, this.provider.resources.keys());
    return { urn, resource };
  }

  /** The words for a user about whatever was thrown; the stack goes to the debug log. */
  explain(thrown: unknown, urn: string): ErrorDetail {
    const detail = toErrorDetail(thrown);
    if (thrown instanceof Error && thrown.stack !== undefined) this.engineLog.debug(urn, stackOf(thrown));
    const hint =
      detail.code === "internal" && !(thrown instanceof ProviderError)
        ? "this is a fault of the provider; run with --debug to see where"
        : detail.hint;
    return {
      ...detail,
      message: this.redactor.mask(detail.message),
      hint: hint === undefined ? undefined : this.redactor.mask(hint),
    };
  }

  /** An error that belongs to no running call: nobody waits for it, so it is only written down. */
  reportStray(thrown: unknown): void {
    if (this.calls.blame(thrown)) return;
    this.engineLog.debug(
      "",
      `an error outside of any call: ${thrown instanceof Error ? stackOf(thrown) : String(thrown)}`,
    );
  }

  #reportLateEnd(what: string, end: { readonly value: unknown } | { readonly error: unknown }): void {
    if ("error" in end) {
      this.engineLog.debug("", `${what} failed after it had been answered: ${describeError(toErrorDetail(end.error))}`);
      return;
    }
    const id = typeof end.value === "object" && end.value !== null && "id" in end.value ? end.value.id : undefined;
    if (typeof id === "string" && id !== "") {
      this.engineLog.warn(
        "",
        `${what} ended after its time was up and made the object "${id}", which is not recorded: import it or remove it`,
      );
    }
  }
}

function stackOf(error: Error): string {
  const cause = error.cause instanceof Error ? `\ncaused by ${stackOf(error.cause)}` : "";
  return `${error.stack ?? error.message}${cause}`;
}

/** The error for a token that this provider does not serve. */
export function unknownToken(what: string, token: string, known: Iterable<string>): ProviderError {
  const near = nearest(token, known);
  return new ProviderError({
    code: "not-found",
    message: `unknown ${what} ${JSON.stringify(token.slice(0, 200))}`,
    hint: near === undefined ? undefined : `did you mean "${near}"?`,
  });
}
