import { GREETING_LIMITS, type GreetingLimits } from "./greeting.ts";

/** How long a server waits and how much it holds. */
export interface ServerLimits {
  /** A TLS handshake, and the headers of a request. */
  readonly handshakeMs: number;
  /** From the challenge to the agent's hello. */
  readonly helloMs: number;
  readonly greeting: GreetingLimits;
  /** How often an agent must be heard; after three times that long in silence it is dropped. */
  readonly heartbeatSeconds: number;
  /** How often the server looks for approvals, blocks and settings by other processes. */
  readonly changesEveryMs: number;
  /** How often the server says in the store that it runs. */
  readonly publishEveryMs: number;
  /** How often it looks whether its certificate must be renewed or was replaced. */
  readonly certificateEveryMs: number;
  /** The body of an operation. */
  readonly bodyBytes: number;
  /** How long a stop waits for calls in flight. */
  readonly stopMs: number;
}

export const SERVER_LIMITS: ServerLimits = {
  handshakeMs: 10_000,
  helloMs: 20_000,
  greeting: GREETING_LIMITS,
  heartbeatSeconds: 20,
  changesEveryMs: 1_000,
  publishEveryMs: 5_000,
  certificateEveryMs: 60_000,
  bodyBytes: 32 * 1024 * 1024,
  stopMs: 10_000,
};
