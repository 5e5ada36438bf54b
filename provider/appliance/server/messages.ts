import * as z from "zod";

/** The version of what agents and server say to each other. */
export const AGENT_PROTOCOL = 1;

/** No frame is larger, in bytes. */
export const MAX_MESSAGE_BYTES = 256 * 1024;

const shortText = z.string().max(255);
const addresses = z.array(shortText).max(256);

const operatingSystem = z.object({
  platform: shortText,
  id: shortText,
  version: shortText,
  name: shortText,
  architecture: shortText,
});

const hello = z.object({
  type: z.literal("hello"),
  protocol: z.int(),
  kuid: z.guid(),
  /** 32 bytes, base64url. */
  publicKey: z.string().regex(/^[\w-]{43}$/),
  /** 64 bytes, base64url. */
  signature: z.string().regex(/^[\w-]{86}$/),
  token: z.string().min(1).max(1024).optional(),
  hostname: shortText,
  agentVersion: shortText,
  flavour: shortText,
  os: operatingSystem,
  /** SHA-256 of the machine's own id, or empty where it has none. */
  machineId: z.string().regex(/^([0-9a-f]{64})?$/),
  addresses,
  macs: addresses,
});

const inventory = z.object({
  type: z.literal("inventory"),
  collectedAt: z.iso.datetime({ offset: true }),
  hostname: shortText,
  os: operatingSystem,
  agentVersion: shortText,
  addresses,
  macs: addresses,
  memoryBytes: z.int().min(0),
  cpus: z.int().min(0),
  uptimeSeconds: z.number().min(0),
});

const heartbeat = z.object({ type: z.literal("heartbeat") });

export type Hello = z.output<typeof hello>;
export type Inventory = z.output<typeof inventory>;
export type AgentMessage = Hello | Inventory | z.output<typeof heartbeat>;

export type DeviceState = "approved" | "quarantined" | "blocked";

/** Why a device is not approved. */
export type EnrolmentReason =
  | "no-token"
  | "token-unknown"
  | "token-expired"
  | "token-exhausted"
  | "token-disabled"
  | "blocked"
  | "awaiting-approval";

/** Why a hello was not accepted. */
export type RefusalCode = "bad-signature" | "protocol" | "key-mismatch" | "malformed";

export type ServerMessage =
  | { readonly type: "challenge"; readonly nonce: string; readonly serverTime: string }
  | {
      readonly type: "welcome";
      readonly state: DeviceState;
      readonly reason?: string | undefined;
      readonly organization: string;
      readonly heartbeatSeconds: number;
      readonly runIntervalSeconds: number;
      readonly serverTime: string;
    }
  | { readonly type: "refused"; readonly code: RefusalCode; readonly message: string }
  | { readonly type: "state"; readonly state: DeviceState; readonly reason?: string | undefined }
  | { readonly type: "check-in" }
  | { readonly type: "inventory-received" }
  | { readonly type: "heartbeat"; readonly serverTime: string };

/** What an agent said; `ignored` is a type that this version does not know, which later agents may use. */
export type Parsed =
  | { readonly kind: "message"; readonly message: AgentMessage }
  | { readonly kind: "ignored" }
  | { readonly kind: "malformed"; readonly problem: string };

const known = { hello, inventory, heartbeat };
const envelope = z.object({ type: z.string() });

/**
 * Reads one frame of an agent. The problem names the property, never its value, which may be a secret.
 * @example parseAgentMessage('{"type":"heartbeat"}') // { kind: "message", message: { type: "heartbeat" } }
 */
export function parseAgentMessage(text: string): Parsed {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { kind: "malformed", problem: "it is not JSON" };
  }
  const { data } = envelope.safeParse(value);
  if (data === undefined) return { kind: "malformed", problem: "it has no type" };
  if (!isKnown(data.type)) return { kind: "ignored" };
  const parsed = known[data.type].safeParse(value);
  if (parsed.success) return { kind: "message", message: parsed.data };
  const path = parsed.error.issues[0]?.path.join(".") ?? "";
  return { kind: "malformed", problem: `"${path}" of the ${data.type} is not as it must be` };
}

function isKnown(type: string): type is keyof typeof known {
  return Object.hasOwn(known, type);
}
