/** What a server shows to those that connect: all PEM. */
export interface ServerIdentity {
  /** The server's certificate, then those between it and its authority. */
  readonly certificate: string;
  readonly key: string;
  /** The certificate of the authority that it comes from; absent if the system's own roots do. */
  readonly authority: string | undefined;
  /** Those to trust, PEM each, the present one first, then the ones to come; empty if the system's own roots are enough. */
  readonly announced: readonly string[];
  /** Milliseconds since 1970: when the next authority takes over if all devices have confirmed it; absent without one. */
  readonly switchOverAt?: number | undefined;
  /** Whether the authority is the appliance's own. */
  readonly ownAuthority: boolean;
  /** Host names and addresses that it is for. */
  readonly names: readonly string[];
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
}
