/** What a server shows to those that connect: all PEM. */
export interface ServerIdentity {
  /** The server's certificate, then those between it and its authority. */
  readonly certificate: string;
  readonly key: string;
  /** The certificate to trust; absent if the system's own roots do. */
  readonly authority: string | undefined;
  /** Host names and addresses that it is for. */
  readonly names: readonly string[];
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
}
