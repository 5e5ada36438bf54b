import { isIP } from "node:net";
import { checkServerIdentity as checkIdentity, connect } from "node:tls";

/** What greeting a server over TLS came to; `untrusted` is everything that is wrong with its certificate. */
export type TlsAnswer =
  | { readonly kind: "trusted" }
  | { readonly kind: "untrusted"; readonly message: string; readonly hint: string }
  | { readonly kind: "silent" | "no-tls"; readonly message: string };

/** Whom to greet. */
export interface TlsGreeting {
  /** What the certificate must be for. */
  readonly host: string;
  readonly address: string;
  readonly port: number;
  /** PEM of the authority that agents are given; absent where they rely on their system's. */
  readonly caCertificate?: string | undefined;
  readonly timeoutMs: number;
}

/** Greets a server over TLS as its agents do, and says goodbye. */
export async function greetTls({ host, address, port, caCertificate, timeoutMs }: TlsGreeting): Promise<TlsAnswer> {
  const { promise, resolve } = Promise.withResolvers<TlsAnswer>();
  const socket = connect({
    host: address,
    port,
    ...(isIP(host) === 0 && { servername: host }),
    ...(caCertificate !== undefined && { ca: caCertificate }),
    checkServerIdentity: (_dialled, certificate) => checkIdentity(host, certificate),
  });
  const timer = setTimeout(
    () => resolve({ kind: "silent", message: `${host}:${port} accepts connections and says nothing` }),
    timeoutMs,
  );
  socket.once("secureConnect", () => resolve({ kind: "trusted" }));
  socket.on("error", (error) => resolve(answerTo(error, host, port)));
  socket.once("close", () =>
    resolve({ kind: "no-tls", message: `${host}:${port} ended the connection instead of greeting` }),
  );
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    socket.destroy();
  }
}

const UNTRUSTED: Readonly<Record<string, readonly [string, string]>> = {
  CERT_HAS_EXPIRED: [
    "the server's certificate has expired",
    "give `kace serve` a new one; look at both clocks if it is new",
  ],
  CERT_NOT_YET_VALID: ["the server's certificate is not valid yet", "look at the clocks of both machines"],
  ERR_TLS_CERT_ALTNAME_INVALID: [
    "the server's certificate is for other names",
    "give `kace serve` the name that agents use",
  ],
  DEPTH_ZERO_SELF_SIGNED_CERT: [
    "the server's certificate is signed by itself",
    "give its authority as `caCertificate`",
  ],
  SELF_SIGNED_CERT_IN_CHAIN: [
    "the server's certificate comes from an authority that is not trusted",
    "give that authority as `caCertificate`",
  ],
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: [
    "the server's certificate comes from an authority that is not trusted",
    "give that authority as `caCertificate`",
  ],
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: [
    "the server's certificate comes from an authority that is not trusted",
    "give that authority as `caCertificate`",
  ],
};

function answerTo(error: Error, host: string, port: number): TlsAnswer {
  const code = "code" in error && typeof error.code === "string" ? error.code : "";
  const [message, hint] = UNTRUSTED[code] ?? [];
  if (message !== undefined && hint !== undefined) return { kind: "untrusted", message, hint };
  if (code === "CERT_SIGNATURE_FAILURE" || code.startsWith("CERT_")) {
    return { kind: "untrusted", message: `the server's certificate is refused (${code})`, hint: "give it a valid one" };
  }
  return {
    kind: "no-tls",
    message: `${host}:${port} does not speak TLS as agents do${code === "" ? "" : ` (${code})`}`,
  };
}
