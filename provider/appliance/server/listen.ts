import { once } from "node:events";
import type { Server } from "node:net";

/** Why a server could not listen: a sentence, and what to do about it. */
export class ListenError extends Error {
  readonly code: "port-taken" | "address-unusable";
  readonly hint: string;

  constructor(detail: {
    readonly code: "port-taken" | "address-unusable";
    readonly message: string;
    readonly hint: string;
    readonly cause: unknown;
  }) {
    super(detail.message, { cause: detail.cause });
    this.name = "ListenError";
    this.code = detail.code;
    this.hint = detail.hint;
  }
}

/**
 * Listens, and says which port it is.
 * @param port 0 for any that is free
 * @throws ListenError
 */
export async function listen(server: Server, { host, port }: { host: string; port: number }): Promise<number> {
  try {
    server.listen({ host, port, backlog: 4_096 });
    await once(server, "listening");
  } catch (error) {
    throw explain(error, host, port);
  }
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("a TCP server has no port");
  return address.port;
}

function explain(error: unknown, host: string, port: number): unknown {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  switch (code) {
    case "EADDRINUSE":
      return new ListenError({
        code: "port-taken",
        message: `port ${port} is taken by another process`,
        hint: `choose another port, or see who has it: ss -ltnp 'sport = :${port}'`,
        cause: error,
      });
    case "EACCES":
      return new ListenError({
        code: "address-unusable",
        message: `port ${port} may not be opened by this user`,
        hint: "choose a port from 1024 up, or give Node the right to open lower ones",
        cause: error,
      });
    case "EADDRNOTAVAIL":
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return new ListenError({
        code: "address-unusable",
        message: `"${host}" is no address of this machine`,
        hint: "listen on one of its own addresses, or on 0.0.0.0 for all of them",
        cause: error,
      });
    default:
      return error;
  }
}
