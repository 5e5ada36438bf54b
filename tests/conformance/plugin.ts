import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import * as grpc from "@grpc/grpc-js";
import {
  Empty,
  EngineService,
  type enginePb,
  type IEngineServer,
  type ResourceProviderService,
} from "../../provider/kit/pulumi/proto.ts";
import { type Answer, readFailure } from "./answer.ts";

/** A line that the provider asked the engine to show. */
export interface LogLine {
  readonly severity: number;
  readonly message: string;
  readonly urn: string;
  readonly ephemeral: boolean;
}

/** How to start a plugin. */
export interface PluginCommand {
  readonly command: readonly [string, ...string[]];
  /** Added to a small environment of its own, not to that of the tests. */
  readonly env: Readonly<Record<string, string>>;
  /**
   * A provider that gives no answer at all within this time is taken to hang. The default of 20 s is far above what any
   * honest call of the laws needs.
   */
  readonly noAnswerAfterMs?: number;
}

const NO_ANSWER_AFTER_MS = 60_000;

/** Raised where a call got no answer: neither a result nor a status. */
export class NoAnswerError extends Error {
  constructor(method: string, afterMs: number) {
    super(`${method} got no answer within ${afterMs / 1000} s`);
    this.name = "NoAnswerError";
  }
}

export type MethodName = keyof typeof ResourceProviderService & string;

interface Message {
  serializeBinary(): Uint8Array;
}

/**
 * A provider's process and the two connections that an engine has with it: the calls, and the service that takes its
 * logs.
 */
export class Plugin {
  readonly logs: LogLine[] = [];
  /** Everything that the process wrote, except the port. */
  output = "";
  readonly engineAddress: string;
  readonly #process: ChildProcess;
  readonly #client: grpc.Client;
  readonly #engine: grpc.Server;
  readonly #exited: Promise<void>;

  readonly #noAnswerAfterMs: number;

  private constructor(
    process: ChildProcess,
    exited: Promise<void>,
    port: string,
    engine: { server: grpc.Server; address: string },
    noAnswerAfterMs: number,
  ) {
    this.#noAnswerAfterMs = noAnswerAfterMs;
    this.#process = process;
    this.#exited = exited;
    this.#engine = engine.server;
    this.engineAddress = engine.address;
    this.#client = new grpc.Client(`127.0.0.1:${port}`, grpc.credentials.createInsecure(), {
      "grpc.max_receive_message_length": -1,
      "grpc.max_send_message_length": -1,
      "grpc.enable_retries": 0,
    });
  }

  /** Starts the process and waits for its port. */
  static async start({
    command: [program, ...args],
    env,
    noAnswerAfterMs = NO_ANSWER_AFTER_MS,
  }: PluginCommand): Promise<Plugin> {
    const lines: LogLine[] = [];
    const engine = await startEngine(lines);
    const child = spawn(program, [...args, engine.address], {
      env: { PATH: process.env["PATH"] ?? "", HOME: process.env["HOME"] ?? "", ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const exited = new Promise<void>((resolve) => child.once("exit", () => resolve()));
    let early = "";
    child.stderr.on("data", (chunk: Buffer) => {
      if (plugin === undefined) early += chunk;
      else plugin.output += chunk;
    });
    let plugin: Plugin | undefined;
    const port = await new Promise<string>((resolve, reject) => {
      const reader = createInterface(child.stdout);
      reader.on("line", (line) => {
        if (plugin === undefined && /^\d+$/.test(line.trim())) resolve(line.trim());
        else if (plugin === undefined) early += `${line}\n`;
        else plugin.output += `${line}\n`;
      });
      child.once("error", reject);
      void exited.then(() => reject(new Error(`${program} ended before it printed a port:\n${early}`)));
    }).catch((error: unknown) => {
      engine.server.forceShutdown();
      throw error;
    });
    plugin = new Plugin(child, exited, port, engine, noAnswerAfterMs);
    plugin.output = early;
    // One array, so that lines that come in before this moment are kept.
    plugin.logs.push(...lines);
    lines.push = (...more) => plugin.logs.push(...more);
    return plugin;
  }

  get pid(): number {
    return this.#process.pid ?? -1;
  }

  get alive(): boolean {
    return this.#process.exitCode === null && this.#process.signalCode === null;
  }

  /** Resolves when the process has ended. */
  get exited(): Promise<void> {
    return this.#exited;
  }

  /** One call. An error status is an answer too; @throws NoAnswerError if there is none. */
  call<Request extends Message, Response>(
    method: { readonly path: string; readonly responseDeserialize: grpc.deserialize<Response> },
    request: Request | Uint8Array,
  ): Promise<Answer<Response>> {
    return new Promise((resolve, reject) => {
      const bytes = Buffer.from(request instanceof Uint8Array ? request : request.serializeBinary());
      const timer = setTimeout(() => {
        reject(new NoAnswerError(method.path, this.#noAnswerAfterMs));
        call.cancel();
      }, this.#noAnswerAfterMs);
      const call = this.#client.makeUnaryRequest<Buffer, Response>(
        method.path,
        (buffer) => buffer,
        method.responseDeserialize,
        bytes,
        (error, response) => {
          clearTimeout(timer);
          if (error !== null) resolve(readFailure(error));
          else if (response === undefined) reject(new Error(`${method.path} answered OK without a message`));
          else resolve({ ok: true, response });
        },
      );
    });
  }

  /** One call with a stream of answers; ends with the last one or with an error status. */
  callStream<Request extends Message, Response>(
    method: { readonly path: string; readonly responseDeserialize: grpc.deserialize<Response> },
    request: Request | Uint8Array,
  ): Promise<Answer<Response[]>> {
    return new Promise((resolve, reject) => {
      const bytes = Buffer.from(request instanceof Uint8Array ? request : request.serializeBinary());
      const responses: Response[] = [];
      const call = this.#client.makeServerStreamRequest<Buffer, Response>(
        method.path,
        (buffer) => buffer,
        method.responseDeserialize,
        bytes,
      );
      const timer = setTimeout(() => {
        reject(new NoAnswerError(method.path, this.#noAnswerAfterMs));
        call.cancel();
      }, this.#noAnswerAfterMs);
      call.on("data", (response: Response) => responses.push(response));
      call.on("error", (error: grpc.ServiceError) => {
        clearTimeout(timer);
        resolve(readFailure(error));
      });
      call.on("end", () => {
        clearTimeout(timer);
        resolve({ ok: true, response: responses });
      });
    });
  }

  /** Ends the process at once, as `kill -9` does. */
  async kill(): Promise<void> {
    if (this.alive) this.#process.kill("SIGKILL");
    await this.#exited;
    this.#close();
  }

  /** Ends the process as the engine does at the end of a run. */
  async stop(): Promise<void> {
    this.#close();
    if (!this.alive) return;
    this.#process.kill("SIGINT");
    const timer = setTimeout(() => this.#process.kill("SIGKILL"), 5_000);
    await this.#exited;
    clearTimeout(timer);
  }

  #close(): void {
    this.#client.close();
    this.#engine.forceShutdown();
  }
}

/** The part of the engine that a provider calls. */
async function startEngine(lines: LogLine[]): Promise<{ server: grpc.Server; address: string }> {
  const server = new grpc.Server();
  const service: Pick<IEngineServer, "log"> = {
    log: (call, callback) => {
      const request: enginePb.LogRequest = call.request;
      lines.push({
        severity: request.getSeverity(),
        message: request.getMessage(),
        urn: request.getUrn(),
        ephemeral: request.getEphemeral(),
      });
      callback(null, new Empty());
    },
  };
  server.addService({ log: EngineService.log }, service);
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });
  return { server, address: `127.0.0.1:${port}` };
}
