import * as grpc from "@grpc/grpc-js";
import { EngineClient, enginePb } from "./proto.ts";

const SEVERITIES = enginePb.LogSeverity;
const SEVERITY_OF = {
  debug: SEVERITIES.DEBUG,
  info: SEVERITIES.INFO,
  warn: SEVERITIES.WARNING,
  error: SEVERITIES.ERROR,
} as const;
type Severity = keyof typeof SEVERITY_OF;

/** What an {@link EngineLog} may take up. Lengths are in UTF-16 units. */
export interface LogLimits {
  /** What one message may hold of several lines. */
  readonly messageLength: number;
  /** What one line may hold; a longer one is cut, with a mark that says so. */
  readonly lineLength: number;
  readonly statusLength: number;
  /**
   * What may wait to be sent. Lines of a severity are left out while more than this waits, so that debug lines go
   * first, and a warning or an error is lost only if this much of what matters more than debugging has piled up.
   */
  readonly waitingLength: Readonly<Record<Severity, number>>;
  /** How many resources may have a status that waits. */
  readonly statuses: number;
  /** Messages on their way at once; those of one resource go one after the other, which keeps their order. */
  readonly inFlight: number;
  /** How long the engine may take to accept a message. */
  readonly sendDeadlineMs: number;
  /** How long to wait after each failure in a row; after one more, the engine is taken to be gone. */
  readonly retryDelaysMs: readonly number[];
}

export const LOG_LIMITS: LogLimits = {
  messageLength: 16_000,
  lineLength: 100_000,
  statusLength: 1_000,
  waitingLength: { debug: 2_000_000, info: 4_000_000, warn: 16_000_000, error: 16_000_000 },
  statuses: 1_000,
  inFlight: 16,
  sendDeadlineMs: 5_000,
  retryDelaysMs: [100, 400, 1_500],
};

/** What a line costs beside its text. */
const LINE_OVERHEAD = 50;

/** Something to send: lines of one severity, or a status. */
interface Message {
  readonly severity: Severity;
  readonly isStatus: boolean;
  readonly lines: string[];
  length: number;
}

/** What waits to be said about one resource; of statuses only the newest matters. */
interface Lane {
  readonly urn: string;
  readonly messages: Message[];
  status: Message | undefined;
  isSending: boolean;
}

/**
 * Sends what handlers say to the engine, which shows it under their resource.
 *
 * It never blocks, never throws and never grows beyond {@link LogLimits}: lines of one resource and severity that wait
 * travel as one message, and if the engine is too slow, lines are left out and counted. Without an engine, or with one
 * that is gone, it is silent. It does not keep the process alive, but for a message on its way, which has a deadline.
 *
 * @example
 * const log = new EngineLog((text) => redactor.mask(text));
 * log.connect("127.0.0.1:4242");
 * log.status(urn, "3 of 20 machines done");
 */
export class EngineLog {
  readonly #mask: (text: string) => string;
  readonly #limits: LogLimits;
  readonly #lanes = new Map<string, Lane>();
  /** Lanes with something to send and nothing on its way, in the order in which they take turns. */
  readonly #ready = new Set<Lane>();
  /** Everything that waits or is on its way. */
  readonly #unsent = new Set<Message>();
  readonly #flushes = new Set<{ readonly messages: Set<Message>; readonly done: () => void }>();
  #client: EngineClient | undefined;
  #inFlight = 0;
  #waitingLength = 0;
  #statuses = 0;
  #leftOut: { lines: number; severity: Severity } | undefined;
  #failures = 0;
  #pause: NodeJS.Timeout | undefined;

  /** @param mask takes the secrets out of every text before it is kept */
  constructor(mask: (text: string) => string, limits: Partial<LogLimits> = {}) {
    this.#mask = mask;
    this.#limits = { ...LOG_LIMITS, ...limits };
  }

  /** Sends to the engine at `host:port` from now on. What waits for another one goes there too. */
  connect(address: string): void {
    this.#client?.close();
    this.#resume();
    this.#failures = 0;
    try {
      this.#client = new EngineClient(address, grpc.credentials.createInsecure(), {
        // The engine is on this machine, where a proxy for the network must not be asked.
        "grpc.enable_http_proxy": 0,
        "grpc.initial_reconnect_backoff_ms": 100,
        "grpc.max_reconnect_backoff_ms": 1_000,
      });
    } catch {
      // An address that is none: there is nobody to tell.
      this.#giveUp();
    }
    this.#pump();
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

  /** An error fails the whole deployment, whatever the call answers. */
  error(urn: string, text: string): void {
    this.#say(urn, "error", text);
  }

  /** The line of progress of a resource; each replaces the one before. */
  status(urn: string, text: string): void {
    if (this.#client === undefined) return;
    const known = this.#lanes.get(urn)?.status;
    if (known !== undefined) {
      known.lines[0] = this.#textOf(text, this.#limits.statusLength);
      return;
    }
    if (this.#statuses >= this.#limits.statuses || this.#waitingLength > this.#limits.waitingLength.debug) return;
    const lines = [this.#textOf(text, this.#limits.statusLength)];
    const lane = this.#lane(urn);
    lane.status = { severity: "info", isStatus: true, lines, length: 0 };
    this.#statuses += 1;
    this.#unsent.add(lane.status);
    this.#wake(lane);
  }

  /** Waits until all that was said before has been sent, given up or is taking too long. */
  async flush(deadlineMs = 2_000): Promise<void> {
    this.#confessLeftOut();
    if (this.#unsent.size === 0) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const flush = { messages: new Set(this.#unsent), done: resolve };
    this.#flushes.add(flush);
    const timer = setTimeout(resolve, deadlineMs);
    await promise;
    clearTimeout(timer);
    this.#flushes.delete(flush);
  }

  /** Drops what waits and closes the connection. {@link connect} opens it again. */
  close(): void {
    this.#giveUp();
  }

  #say(urn: string, severity: Severity, text: string): void {
    if (this.#client === undefined || text === "") return;
    const { lineLength, waitingLength } = this.#limits;
    // Handlers of JavaScript may hand over anything.
    const said = String(text);
    if (this.#waitingLength + Math.min(said.length, lineLength) > waitingLength[severity]) this.#leaveOut(severity);
    else this.#enqueue(urn, severity, this.#textOf(said, lineLength));
  }

  #enqueue(urn: string, severity: Severity, line: string): void {
    const lane = this.#lane(urn);
    const length = line.length + LINE_OVERHEAD;
    const last = lane.messages.at(-1);
    this.#waitingLength += length;
    if (last?.severity === severity && last.length + length <= this.#limits.messageLength) {
      last.lines.push(line);
      last.length += length;
    } else {
      const message = { severity, isStatus: false, lines: [line], length };
      lane.messages.push(message);
      this.#unsent.add(message);
    }
    this.#wake(lane);
  }

  /** Masked before it is cut, or half a secret could remain. */
  #textOf(text: string, maxLength: number): string {
    const masked = this.#mask(String(text));
    const left = masked.length - maxLength;
    const kept = left > 0 ? `${masked.slice(0, maxLength)}... (cut, ${left} characters more)` : masked;
    return kept.toWellFormed();
  }

  #leaveOut(severity: Severity): void {
    const lines = (this.#leftOut?.lines ?? 0) + 1;
    const worst = this.#leftOut === undefined || RANK[severity] > RANK[this.#leftOut.severity];
    this.#leftOut = { lines, severity: worst ? severity : (this.#leftOut?.severity ?? severity) };
  }

  /** Says that lines are missing, no louder than the loudest of them; never as an error, which would be a new one. */
  #confessLeftOut(): void {
    const leftOut = this.#leftOut;
    if (leftOut === undefined) return;
    this.#leftOut = undefined;
    const severity = leftOut.severity === "error" ? "warn" : leftOut.severity;
    const what = leftOut.lines === 1 ? "1 line was" : `${leftOut.lines} lines were`;
    this.#enqueue("", severity, `${what} left out here: the engine takes them more slowly than they come`);
  }

  #lane(urn: string): Lane {
    let lane = this.#lanes.get(urn);
    if (lane === undefined) {
      lane = { urn, messages: [], status: undefined, isSending: false };
      this.#lanes.set(urn, lane);
    }
    return lane;
  }

  #wake(lane: Lane): void {
    if (lane.isSending) return;
    if (lane.messages.length === 0 && lane.status === undefined) this.#lanes.delete(lane.urn);
    else this.#ready.add(lane);
    this.#pump();
  }

  #pump(): void {
    const client = this.#client;
    if (client === undefined || this.#pause !== undefined) return;
    for (const lane of this.#ready) {
      if (this.#inFlight >= this.#limits.inFlight) return;
      this.#ready.delete(lane);
      this.#sendNext(client, lane);
    }
  }

  #sendNext(client: EngineClient, lane: Lane): void {
    const message = lane.messages.shift() ?? lane.status;
    if (message === undefined) return;
    if (message.isStatus) {
      lane.status = undefined;
      this.#statuses -= 1;
    }
    lane.isSending = true;
    this.#inFlight += 1;
    const request = new enginePb.LogRequest()
      .setSeverity(SEVERITY_OF[message.severity])
      .setUrn(lane.urn)
      .setMessage(message.lines.join("\n"))
      .setEphemeral(message.isStatus);
    const options = { deadline: Date.now() + this.#limits.sendDeadlineMs };
    client.log(request, new grpc.Metadata(), options, (error) => {
      this.#inFlight -= 1;
      lane.isSending = false;
      // Given up, or closed, in the meantime.
      if (!this.#unsent.has(message)) return;
      if (error === null) this.#failures = 0;
      if (error !== null && this.#retries(client, error.code)) {
        // A status is out of date before it could be sent again.
        if (message.isStatus) this.#settle(message);
        else lane.messages.unshift(message);
      } else this.#settle(message);
      if (this.#client !== undefined) this.#wake(lane);
    });
  }

  /** True if a message that failed is to be sent again; waits a little before anything else is sent. */
  #retries(client: EngineClient, code: grpc.status): boolean {
    if (client !== this.#client) return true;
    if (code === grpc.status.UNIMPLEMENTED) {
      this.#giveUp();
      return false;
    }
    // What the engine refused, or may have taken although it did not answer in time, is not sent again.
    const isUnsent = code === grpc.status.UNAVAILABLE;
    if (this.#pause === undefined && (isUnsent || code === grpc.status.DEADLINE_EXCEEDED)) {
      const delayMs = this.#limits.retryDelaysMs[this.#failures];
      this.#failures += 1;
      if (delayMs === undefined) {
        this.#giveUp();
        return false;
      }
      this.#pause = setTimeout(() => {
        this.#resume();
        this.#pump();
      }, delayMs);
      this.#pause.unref();
    }
    return isUnsent;
  }

  #settle(message: Message): void {
    if (!this.#unsent.delete(message)) return;
    this.#waitingLength -= message.length;
    for (const flush of this.#flushes) if (flush.messages.delete(message) && flush.messages.size === 0) flush.done();
    if (this.#client !== undefined && this.#waitingLength < this.#limits.waitingLength.debug / 2)
      this.#confessLeftOut();
  }

  #resume(): void {
    clearTimeout(this.#pause);
    this.#pause = undefined;
  }

  #giveUp(): void {
    this.#client?.close();
    this.#client = undefined;
    this.#resume();
    this.#lanes.clear();
    this.#ready.clear();
    this.#unsent.clear();
    this.#waitingLength = 0;
    this.#statuses = 0;
    this.#leftOut = undefined;
    for (const flush of this.#flushes) flush.done();
  }
}

const RANK: Readonly<Record<Severity, number>> = { debug: 0, info: 1, warn: 2, error: 3 };
