import { GREETING_LIMITS, type GreetingLimits } from "./greeting.ts";
import type { Rate } from "./rate.ts";

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
  /** Calls of one API token. */
  readonly callsPerToken: Rate;
  /** Calls from one address without an API token that is accepted. */
  readonly failedLogInsPerAddress: Rate;
  /** Connections of agents from one address: each of them says hello. */
  readonly hellosPerAddress: Rate;
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
  // A store answers a few thousand calls a second: one client leaves room for others.
  callsPerToken: { burst: 2_000, perSecond: 400 },
  // A value cannot be guessed at any rate; this keeps the attempts from costing the others anything.
  failedLogInsPerAddress: { burst: 30, perSecond: 0.5 },
  // A whole site may stand behind one address, and come back at once after its line was down.
  hellosPerAddress: { burst: 20_000, perSecond: 200 },
  stopMs: 10_000,
};
