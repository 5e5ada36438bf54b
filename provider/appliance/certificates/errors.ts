/** What is wrong with a certificate or its files. */
export type CertificateErrorCode =
  /** A file is missing, may not be read, or does not hold what it should. */
  | "unreadable"
  /** Its time is over. */
  | "expired"
  /** Its time has not begun, or the clock is wrong. */
  | "not-yet-valid"
  /** The key does not belong to the certificate. */
  | "wrong-key"
  /** The certificate is not for the name that agents dial. */
  | "name-missing";

/** A certificate that cannot be served with: a sentence that names the file, and what to do. Never holds key material. */
export class CertificateError extends Error {
  readonly code: CertificateErrorCode;
  readonly hint: string;

  constructor(detail: {
    readonly code: CertificateErrorCode;
    readonly message: string;
    readonly hint: string;
    readonly cause?: unknown;
  }) {
    super(detail.message, detail.cause === undefined ? undefined : { cause: detail.cause });
    this.name = "CertificateError";
    this.code = detail.code;
    this.hint = detail.hint;
  }
}
