import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import * as grpc from "@grpc/grpc-js";
import { Empty, EngineService, type enginePb } from "../../../provider/kit/pulumi/proto.ts";

/** One message as the engine got it. */
export interface LoggedMessage {
  readonly severity: "debug" | "info" | "warning" | "error";
  readonly urn: string;
  readonly text: string;
  readonly ephemeral: boolean;
}

type LogCall = grpc.ServerUnaryCall<enginePb.LogRequest, Empty>;

/** A real gRPC server with the engine's log service; answers each message when `accept` has settled. */
export class TestEngine {
  readonly messages: LoggedMessage[] = [];
  /** The most messages that were waiting for an answer at the same time. */
  mostAtOnce = 0;
  #atOnce = 0;
  readonly #server = new grpc.Server();
  address = "";

  static async start(accept: () => Promise<void> = async () => undefined, port = 0): Promise<TestEngine> {
    const engine = new TestEngine();
    engine.#server.addService(EngineService, {
      log: (call: LogCall, callback: grpc.sendUnaryData<Empty>) => {
        engine.#take(call.request);
        accept().then(
          () => engine.#answer(callback, null),
          (error: unknown) => engine.#answer(callback, error),
        );
      },
    });
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    engine.#server.bindAsync(`127.0.0.1:${port}`, grpc.ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
    engine.address = `127.0.0.1:${await promise}`;
    return engine;
  }

  /** The texts of one resource, line by line, in the order in which they came. */
  linesOf(urn: string): readonly string[] {
    return this.messages.filter((one) => one.urn === urn && !one.ephemeral).flatMap((one) => one.text.split("\n"));
  }

  /** Ends all connections at once. */
  kill(): void {
    this.#server.forceShutdown();
  }

  #take(request: enginePb.LogRequest): void {
    this.#atOnce += 1;
    this.mostAtOnce = Math.max(this.mostAtOnce, this.#atOnce);
    const names = ["debug", "info", "warning", "error"] as const;
    this.messages.push({
      severity: names[request.getSeverity()],
      urn: request.getUrn(),
      text: request.getMessage(),
      ephemeral: request.getEphemeral(),
    });
  }

  #answer(callback: grpc.sendUnaryData<Empty>, error: unknown): void {
    this.#atOnce -= 1;
    if (error instanceof Error) callback(error);
    else if (error === null) callback(null, new Empty());
    else callback({ code: grpc.status.UNAVAILABLE, details: String(error) });
  }
}

/** A gate that holds everybody until it is opened. */
export function gate(): { readonly open: () => void; readonly pass: () => Promise<void> } {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { open: resolve, pass: () => promise };
}

/** An address on this machine where nobody listens. */
export async function deadAddress(): Promise<string> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise<void>((resolve) => server.close(() => resolve()));
  return `127.0.0.1:${port}`;
}
