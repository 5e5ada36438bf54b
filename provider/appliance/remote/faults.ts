import { ApplianceError } from "../errors.ts";

const UNTRUSTED: ReadonlySet<string> = new Set([
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
  "UNABLE_TO_GET_ISSUER_CERT",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "CERT_SIGNATURE_FAILURE",
  "CERT_UNTRUSTED",
  "CERT_REJECTED",
  "INVALID_CA",
]);

/** OpenSSL's words for an answer that is no TLS. */
const NOT_TLS = /^(EPROTO|ERR_SSL_(WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|HTTP_REQUEST|UNSUPPORTED_PROTOCOL))/;

/**
 * What a connection that failed means, in one sentence with what to do about it.
 * @param endpoint as the user gave it
 * @param sent whether the request had left: then it is not known what came of it
 */
export function explainFault(error: unknown, endpoint: string, sent: boolean): ApplianceError {
  const code = codeOf(error);
  const fault = (message: string, hint: string) =>
    new ApplianceError({ code: "unavailable", message: `${endpoint}: ${message}`, hint, cause: error });
  if (UNTRUSTED.has(code)) {
    return fault(
      "the server's certificate comes from an authority that is not trusted",
      "set `caCertificate` to the certificate of the server's authority: the file certificates/ca.pem in its data folder",
    );
  }
  if (NOT_TLS.test(code)) {
    return fault(
      "what answers there does not speak TLS",
      "check the port; `kace serve` says at its start where it listens",
    );
  }
  switch (code) {
    case "CERT_HAS_EXPIRED":
      return fault(
        "the server's certificate has expired",
        "check this machine's clock, then renew the server's certificate",
      );
    case "CERT_NOT_YET_VALID":
      return fault("the server's certificate is not valid yet", "check the clocks of this machine and of the server");
    case "ERR_TLS_CERT_ALTNAME_INVALID":
      return fault(
        "the server's certificate is for other names than this one",
        "use a name that it is for, or start the server with this `--name`",
      );
    case "ECONNREFUSED":
      return fault("nothing listens there", "start the server with `kace serve`, and check name and port");
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return fault("the name cannot be resolved", "check the name in `endpoint`, and this machine's DNS");
    case "EHOSTUNREACH":
    case "ENETUNREACH":
      return fault("there is no route to it", "check the network of this machine");
    case "ETIMEDOUT":
      return fault("it did not answer in time", "check that the server runs and that no firewall drops the connection");
    default:
      return sent
        ? fault(
            "the connection broke before the answer came, so that it is not known what was done",
            "run the command again: what was done already is not done twice",
          )
        : fault(`the connection failed (${code === "" ? "unknown error" : code})`, "check that the server runs");
  }
}

/** Faults that may be over in a moment, such as those of a server that is being restarted. */
const TRANSIENT: ReadonlySet<string> = new Set([
  "ECONNREFUSED",
  "ECONNRESET",
  "EPIPE",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
]);

/** Whether the same call may succeed in a moment. Never for a certificate that is not trusted, nor for an answer that came. */
export function isTransient(error: unknown): boolean {
  return error instanceof ApplianceError && error.cause !== undefined && TRANSIENT.has(codeOf(error.cause));
}

/** Connections to names with several addresses hide the system's error inside another one. */
function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return "";
  if ("code" in error && typeof error.code === "string") return error.code;
  if (error instanceof AggregateError) return codeOf(error.errors[0]);
  return codeOf(error.cause);
}
