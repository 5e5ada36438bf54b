import * as z from "zod";
import { kuid } from "./device-words.ts";
import { after, done, limit, moment, next, organization } from "./fields.ts";
import { defineOperations } from "./operation.ts";

/** What a message asks of an agent: to check in now, or to show people at its machine a text. */
export const messageType = z.enum(["check-in", "alert"]);

export type MessageType = z.output<typeof messageType>;

/** Longer no alert is: it is shown on a terminal. */
export const MAX_ALERT_CHARACTERS = 2_000;

/** How long a message is kept where nothing is said: a check-in is of use soon or not at all. */
export const KEEP_SECONDS: Readonly<Record<MessageType, number>> = { "check-in": 600, alert: 86_400 };

/** How long a message may be kept. */
export const MAX_KEEP_SECONDS = 30 * 86_400;

/** How many messages one call takes out by id. */
export const MAX_DELETED_AT_ONCE = 1_000;

const id = z.string().min(1).max(100);

/** `pending`: not sent yet. `sent`: whether it arrived is not known; agents that know no messages never say so. */
export const messageStatus = z.enum(["pending", "sent", "received", "completed", "failed"]);

export type MessageStatus = z.output<typeof messageStatus>;

const text = z
  .string()
  .max(MAX_ALERT_CHARACTERS)
  // What reaches people's terminals moves no cursor.
  .regex(/^[^\p{Cc}]*$/u, "expected text without control characters");

const message = z.object({
  id,
  organization: z.string(),
  kuid,
  /** The host name of the device. */
  machine: z.string(),
  type: messageType,
  /** What it comes from: the same for all messages of one order. */
  sourceId: z.string(),
  payload: z.string(),
  status: messageStatus,
  /** Why it failed. */
  note: z.string().optional(),
  connected: z.boolean(),
  createdAt: moment,
  /** From then on it is gone, whatever became of it. */
  expiresAt: moment,
});

/** A message to an agent. */
export type QueuedMessage = z.output<typeof message>;

const due = z.object({ id, kuid, type: messageType, payload: z.string() });

/** A message that is to be sent now. */
export type DueMessage = z.output<typeof due>;

export const messageOperations = defineOperations({
  sendMessage: {
    description:
      "Puts a message for each of the given devices into the queue. An alert waits for devices that are not connected, until it expires; anything else is for connected devices only, and those that are not are named in the answer.",
    access: "write",
    input: z
      .object({
        organization,
        kuids: z.array(kuid).min(1).max(100_000),
        type: messageType,
        payload: text.default(""),
        expiresInSeconds: z.int().min(1).max(MAX_KEEP_SECONDS).optional(),
      })
      .refine(({ type, payload }) => type !== "alert" || payload.trim() !== "", {
        path: ["payload"],
        error: "expected the text of the alert",
      }),
    output: z.object({ sourceId: z.string(), messages: z.int(), notConnected: z.array(kuid) }),
  },
  listMessages: {
    description:
      "The message queue, oldest first. What is pending for a device is in it only while the device is connected without a break; alerts always. Expired messages are gone.",
    access: "read",
    input: z.object({ organization, kuid: kuid.optional(), limit, after }),
    output: z.object({ messages: z.array(message), next }),
  },
  deleteMessages: {
    description: "Takes messages out of the queue, by id or all; those that were sent already are not called back.",
    access: "write",
    input: z.object({ organization, ids: z.array(id).min(1).max(MAX_DELETED_AT_ONCE).optional() }),
    output: z.object({ deleted: z.int() }),
  },
  listDueMessages: {
    description:
      "What is to be sent now to the devices that are connected to a server, oldest first; and whether messages have expired.",
    access: "read",
    role: "admin",
    reach: "appliance",
    input: z.object({ instanceId: z.string().min(1).max(100), limit }),
    output: z.object({
      messages: z.array(due),
      /** True where some have expired, so that `recordMessages` has something to forget, even with nothing to keep. */
      expired: z.boolean(),
    }),
  },
  recordMessages: {
    description:
      "Keeps what became of messages: that they were sent, or what their agents say. A status never goes back; a message that is gone, or another device's, is let be. Messages that have expired are forgotten.",
    access: "write",
    role: "admin",
    reach: "appliance",
    input: z.object({
      messages: z
        .array(
          z.object({
            id,
            kuid,
            status: messageStatus.exclude(["pending"]),
            note: z.string().max(300).optional(),
          }),
        )
        .max(1_000),
    }),
    output: done,
  },
});
