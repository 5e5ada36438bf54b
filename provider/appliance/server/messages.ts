import * as z from "zod";
import { deviceOperations, inventory, trusts } from "../operations/devices.ts";
import { heldScripts } from "../operations/scripts.ts";
import type { ToldSettings } from "../operations/settings.ts";
import { packageRequest } from "../operations/task-packages.ts";
import { taskReport } from "../operations/tasks.ts";
import type { SettingsOnWire } from "./server-messages.ts";

/** The version of what agents and server say to each other. */
export const AGENT_PROTOCOL = 1;

// Which connection it comes by is not the agent's to say.
const helloMessage = deviceOperations.enrolDevice.input.omit({ connection: true }).extend({
  type: z.literal("hello"),
  protocol: z.int(),
  /** 64 bytes, base64url. */
  signature: z.string().regex(/^[\w-]{86}$/),
  /** What the agent understands beside what all do: `tasks`, `self-update`, `scripting-update`; agents of before say nothing. */
  can: deviceOperations.deviceConnected.input.shape.can,
  /** The authorities it trusts; agents of before say nothing. */
  trusts: trusts.optional(),
});

/** What every inventory of our agent begins with. */
const INVENTORY_BEGINS = '{"type":"inventory",';

/** An inventory, unread: it is long, and is read where it is kept. */
export interface InventoryMessage {
  readonly type: "inventory";
  readonly text: string;
}

const heartbeatMessage = z.object({ type: z.literal("heartbeat") });

/** A run of the agent, with or without an inventory after it. */
const checkInMessage = z.object({
  type: z.literal("check-in"),
  /** Of the settings it lives by; 0 where it was never told any. */
  settingsRevision: z.int().min(0),
});

/** What an agent says became of a message. */
const messageStatusMessage = z.object({
  type: z.literal("message-status"),
  id: z.string().min(1).max(100),
  status: z.enum(["received", "completed", "failed"]),
  note: z.string().max(300).optional(),
});

/** What an agent says became of a task; it says the end of one again until that was received. */
const taskStatusMessage = taskReport.extend({ type: z.literal("task-status") });

/** An agent asks for a part of a package that its running task names. */
const packageRequestMessage = packageRequest.extend({ type: z.literal("package-request") });

/** An agent says which scripts it keeps for later, and looks for others. */
const scriptsMessage = heldScripts.extend({ type: z.literal("scripts") });

/** Whom an agent trusts after the server announced authorities; the note is why these are others. */
const trustMessage = z.object({ type: z.literal("trust"), trusts, note: z.string().max(400).optional() });

export type Hello = z.output<typeof helloMessage>;
export type AgentMessage =
  | Hello
  | InventoryMessage
  | z.output<typeof heartbeatMessage>
  | z.output<typeof checkInMessage>
  | z.output<typeof messageStatusMessage>
  | z.output<typeof taskStatusMessage>
  | z.output<typeof packageRequestMessage>
  | z.output<typeof trustMessage>
  | z.output<typeof scriptsMessage>;

/** Settings as agents are told them. */
export function settingsOnWire({ revision, settings }: ToldSettings): SettingsOnWire {
  return { revision, ...settings };
}

/** What an agent said; `ignored` is a type that this version does not know, which later agents may use. */
export type Parsed =
  | { readonly kind: "message"; readonly message: AgentMessage }
  | { readonly kind: "ignored" }
  | { readonly kind: "malformed"; readonly problem: string };

/** What agents say, by type, but for their inventories, which are read where they are kept. */
const known = {
  hello: helloMessage,
  heartbeat: heartbeatMessage,
  "check-in": checkInMessage,
  "message-status": messageStatusMessage,
  "task-status": taskStatusMessage,
  "package-request": packageRequestMessage,
  trust: trustMessage,
  scripts: scriptsMessage,
};
/** What agents say, by type. */
export const agentMessages = { ...known, inventory: inventory.extend({ type: z.literal("inventory") }) };

const envelope = z.object({ type: z.string() });

/**
 * Reads one frame of an agent; of an inventory only its type, the rest is looked at by `recordInventory`. The problem names the property, never its value, which may be a secret.
 * @example parseAgentMessage('{"type":"heartbeat"}') // { kind: "message", message: { type: "heartbeat" } }
 */
export function parseAgentMessage(text: string): Parsed {
  if (text.startsWith(INVENTORY_BEGINS)) return inventoryOf(text);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { kind: "malformed", problem: "it is not JSON" };
  }
  const { data } = envelope.safeParse(value);
  if (data === undefined) return { kind: "malformed", problem: "it has no type" };
  if (data.type === "inventory") return inventoryOf(text);
  if (!isKnown(data.type)) return { kind: "ignored" };
  const parsed = known[data.type].safeParse(value);
  if (parsed.success) return { kind: "message", message: parsed.data };
  const path = parsed.error.issues[0]?.path.join(".") ?? "";
  return { kind: "malformed", problem: `"${path}" of the ${data.type} is not as it must be` };
}

function inventoryOf(text: string): Parsed {
  return { kind: "message", message: { type: "inventory", text } };
}

function isKnown(type: string): type is keyof typeof known {
  return Object.hasOwn(known, type);
}
