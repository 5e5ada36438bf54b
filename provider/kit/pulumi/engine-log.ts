import * as grpc from "@grpc/grpc-js";
import { EngineClient, enginePb } from "./proto.ts";

const SEVERITIES = enginePb.LogSeverity;
type Severity = "debug" | "info" | "warn" | "error";
const SEVERITY_OF = { debug: SEVERITIES.DEBUG, info: SEVERITIES.INFO, warn: SEVERITIES.WARNING, error: SEVERITIES.ERROR } as const;

/** Lines of one resource and severity that travel together. */
interface Batch {
  readonly severity: Severity;
  readonly lines: string[];
  length: number;
}

/** What waits to be said about one resource; of statuses only the newest matters. */
interface Lane {
  readonly urn: string;
  readonly batches: Batch[];
  status: string | undefined;
  busy: boolean;
}

/** Characters that one message may hold. */
const BATCH_LENGTH = 16_000;
/** Messages on their way at once; those of one resource go one after the other, which keeps their order. */
const MAX_IN_FLIGHT = 16;
/** Characters that may wait, by what is lost beyond them: first debug lines, then information, last of all the rest. */
const MAX_WAITING = { debug: 1_000_000, info: 4_000_000, warn: 16_000_000, error: 16_000_000 } as const;
/** How long the engine may take to accept one message. */
const SEND_DEADLINE_MS = 5_000;
/** After so many failures in a row the engine is taken to be gone. */
const FAILURES_UNTIL_DEAD = 3;

/**
 * Sends what handlers say to the engine, which shows it under their resource. Never blocks, never throws and never
 * grows without bound; without an engine it is silent.
 *
 * @example
 * const log = new EngineLog((text) => redactor.mask(text));
 * log.connect("127.0.0.1:4242");
 * log.status(urn, "3 of 20 machines done");
 */
export class EngineLog {
  readonly #mask: (text: string) => string;
  readonly #lanes = new Map<string, Lane>();
  #client: EngineClient | undefined;
  #inFlight = 0;
  #waiting = 0;
  #leftOut = 0;
  #failures = 0;
  #idle: (() => void)[] = [];

  constructor(mask: (text: string) => string) {
    this.#mask = mask;
  }

  /** Begins to send to the engine at `host:port`. */
  connect(address: string): void {
    this.#client?.close();
    this.#failures = 0;
    this.#client = new EngineClient(address, grpc.credentials.createInsecure());
  }

  debug(urn: string, text: string): void {
    this.#say(urn, "debug", text);
  }

  info(urn: string, text: string): void {
    this.#say(urn, "info", text);
  }

  warn(urn: string, text: string): void {
    this.#say(urn, "warn", text);
  }

  error(urn: string, text: string): void {
    this.#say(urn, "error", text);
  }

  /** The line of progress of a resource; each replaces the one before. */
  status(urn: string, text: string): void {
    if (this.#client === undefined) return;
    this.#lane(urn).status = this.#mask(text);
    this.#pump();
  }

  /** Waits until everything has been sent, at most so long. */
  async flush(deadlineMs = 2_000): Promise<void> {
    if (this.#lanes.size === 0 && this.#leftOut === 0) return;
    this.#pump();
    if (this.#lanes.size === 0) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#idle.push(resolve);
    const timer = setTimeout(resolve, deadlineMs);
    timer.unref();
    await promise;
    clearTimeout(timer);
  }

  /** Drops what waits and closes the connection. */
  close(): void {
    this.#giveUp();
  }

  #say(urn: string, severity: Severity, text: string): void {
    if (this.#client === undefined || text === "") return;
    if (this.#waiting + text.length > MAX_WAITING[severity]) {
      this.#leftOut++;
      return;
    }
    const line = this.#mask(text);
    const lane = this.#lane(urn);
    const last = lane.batches.at(-1);
    this.#waiting += line.length;
    if (last !== undefined && last.severity === severity && last.length + line.length < BATCH_LENGTH) {
      last.lines.push(line);
      last.length += line.length;
    } else {
      lane.batches.push({ severity, lines: [line], length: line.length });
    }
    this.#pump();
  }

  #lane(urn: string): Lane {
    let lane = this.#lanes.get(urn);
    if (lane === undefined) {
      lane = { urn, batches: [], status: undefined, busy: false };
      this.#lanes.set(urn, lane);
    }
    return lane;
  }

  #pump(): void {
    if (this.#leftOut > 0 && this.#waiting === 0) {
      const count = this.#leftOut;
      this.#leftOut = 0;
      this.#say("", "info", `${count} lines were left out: the engine takes them more slowly than they come`);
    }
    for (const lane of this.#lanes.values()) {
      if (this.#inFlight >= MAX_IN_FLIGHT) return;
      if (!lane.busy) this.#sendNext(lane);
    }
  }

  #sendNext(lane: Lane): void {
    const batch = lane.batches.shift();
    if (batch !== undefined) {
      this.#send(lane, SEVERITY_OF[batch.severity], batch.lines.join("\n"), false, batch.length);
    } else if (lane.status !== undefined) {
      const status = lane.status;
      lane.status = undefined;
      this.#send(lane, SEVERITIES.INFO, status, true, 0);
    } else {
      this.#lanes.delete(lane.urn);
      if (this.#lanes.size === 0) this.#tellIdle();
    }
  }

  #send(lane: Lane, severity: enginePb.LogSeverity, message: string, ephemeral: boolean, length: number): void {
    const client = this.#client;
    if (client === undefined) return;
    const request = new enginePb.LogRequest();
    request.setSeverity(severity);
    request.setUrn(lane.urn);
    request.setMessage(message);
    request.setEphemeral(ephemeral);
    lane.busy = true;
    this.#inFlight++;
    client.log(request, new grpc.Metadata(), { deadline: Date.now() + SEND_DEADLINE_MS }, (error) => {
      lane.busy = false;
      this.#inFlight--;
      this.#waiting -= length;
      if (client !== this.#client) return;
      this.#failures = error === null ? 0 : this.#failures + 1;
      if (this.#failures >= FAILURES_UNTIL_DEAD) this.#giveUp();
      else {
        this.#sendNextIfFree(lane);
        this.#pump();
      }
    });
  }

  #sendNextIfFree(lane: Lane): void {
    if (!lane.busy && this.#inFlight < MAX_IN_FLIGHT) this.#sendNext(lane);
  }

  #giveUp(): void {
    this.#client?.close();
    this.#client = undefined;
    this.#lanes.clear();
    this.#waiting = 0;
    this.#leftOut = 0;
    this.#tellIdle();
  }

  #tellIdle(): void {
    for (const resolve of this.#idle.splice(0)) resolve();
  }
}
