import * as z from "zod";
import { applianceErrorCode } from "../errors.ts";
import { deviceState } from "../operations/device-words.ts";
import { deviceReason } from "../operations/devices.ts";
import { moment, sha256 } from "../operations/fields.ts";
import { agentSettings } from "../operations/settings.ts";
import { taskType } from "../operations/task-types.ts";

const id = z.string();
/** PEM each. */
const authorities = z.array(z.string()).readonly();

/** What an agent lives by, as it is told. */
const settings = agentSettings.extend({ revision: z.int() });

export type SettingsOnWire = z.output<typeof settings>;

/** Why a hello was not accepted. */
const refusalCode = z.enum(["bad-signature", "protocol", "key-mismatch", "malformed"]);

export type RefusalCode = z.output<typeof refusalCode>;

/** Which package of which task an answer is about. */
const requested = { taskId: z.string(), sha256 };

/** What the server says to agents, by type. An agent lets types and fields be that it does not know. */
export const serverMessages = {
  challenge: z.object({ type: z.literal("challenge"), nonce: z.string(), serverTime: moment }),
  welcome: z.object({
    type: z.literal("welcome"),
    state: deviceState,
    reason: deviceReason.optional(),
    organization: z.string(),
    /** What the server calls itself: an agent that reaches it by that name too takes it up. */
    canonicalHost: z.string(),
    heartbeatSeconds: z.number(),
    /** For agents that know no settings yet. */
    runIntervalSeconds: z.number(),
    settings,
    /** Only for an agent that trusts others. */
    authorities: authorities.optional(),
    serverTime: moment,
  }),
  settings: z.object({ type: z.literal("settings"), settings }),
  authorities: z.object({ type: z.literal("authorities"), authorities }),
  refused: z.object({ type: z.literal("refused"), code: refusalCode, message: z.string() }),
  state: z.object({ type: z.literal("state"), state: deviceState, reason: deviceReason.optional() }),
  /** With the id of the message of the queue that it comes from; older agents check in and say nothing of it. */
  "check-in": z.object({ type: z.literal("check-in"), messageId: id.optional() }),
  message: z.object({ type: z.literal("message"), id, messageType: z.literal("alert"), payload: z.string() }),
  task: z.object({
    type: z.literal("task"),
    id,
    taskType,
    priority: z.int(),
    timeoutSeconds: z.number(),
    payload: z.record(z.string(), z.unknown()),
  }),
  "task-cancel": z.object({ type: z.literal("task-cancel"), id }),
  /** The end of this task is kept: the agent may forget it. */
  "task-status-received": z.object({ type: z.literal("task-status-received"), id }),
  "inventory-received": z.object({ type: z.literal("inventory-received") }),
  heartbeat: z.object({ type: z.literal("heartbeat"), serverTime: moment }),
  "package-part": z.object({
    type: z.literal("package-part"),
    ...requested,
    offset: z.int(),
    /** Of the whole package. */
    sizeBytes: z.int(),
    /** Base64. */
    data: z.string(),
  }),
  "package-refused": z.object({
    type: z.literal("package-refused"),
    ...requested,
    /** `unavailable` may be asked again; anything else is final. */
    code: applianceErrorCode,
    message: z.string(),
  }),
};

type Messages = typeof serverMessages;

/** One message of the server. */
export type ServerMessage = { [Type in keyof Messages]: z.output<Messages[Type]> }[keyof Messages];

/** What the server answers to an agent that asks for a part of a package. */
export type PackageAnswer = Extract<ServerMessage, { readonly type: "package-part" | "package-refused" }>;
