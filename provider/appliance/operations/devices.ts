import * as z from "zod";
import { deviceState, kuid } from "./device-words.ts";
import { after, deleted, done, limit, moment, next, organization, sha256 } from "./fields.ts";
import { defineOperations } from "./operation.ts";
import { texts } from "./texts.ts";

/** Why a device is not approved. */
export const deviceReason = z.enum([
  "no-token",
  "token-unknown",
  "token-expired",
  "token-exhausted",
  "token-disabled",
  "blocked",
  "awaiting-approval",
]);

export type DeviceReason = z.output<typeof deviceReason>;

const os = z.object({
  platform: z.string().max(40),
  id: z.string().max(100),
  version: z.string().max(100),
  name: z.string().max(300),
  architecture: z.string().max(40),
});

const addresses = texts({ maxItems: 1_000, maxLength: 100 });

const hello = z.object({
  hostname: z.string().max(255),
  agentVersion: z.string().max(100),
  flavour: z.string().max(40),
  os,
  /** SHA-256 of the machine's own id; empty where it has none. */
  machineId: z.string().max(64),
  addresses,
  macs: addresses,
});

/** What a device says of itself before it is approved. */
export type DeviceHello = z.output<typeof hello>;

/** A page of devices with their inventories has no more, so that a server is not held up by one, and an answer fits into memory. */
export const INVENTORIES_A_PAGE = 50;

/** No message of an agent is larger, in bytes. */
export const MAX_MESSAGE_BYTES = 256 * 1024;

export const inventory = z.object({
  collectedAt: moment,
  hostname: z.string().max(255),
  os,
  agentVersion: z.string().max(100),
  addresses,
  macs: addresses,
  memoryBytes: z.int().min(0).optional(),
  cpus: z.int().min(0).optional(),
  uptimeSeconds: z.number().min(0).optional(),
});

/** What an approved device reports of itself. */
export type Inventory = z.output<typeof inventory>;

/** What an agent understands beside what all do; it may say more than this version knows. */
export const abilities = z.array(z.string().max(40)).max(100);

/** The authorities that an agent trusts, by the SHA-256 of their certificates; none where it trusts its system's roots. */
export const trusts = z.array(sha256).max(16);

const device = hello.extend({
  kuid,
  organization: z.string(),
  /** Raw Ed25519 public key, base64url. */
  publicKey: z.string(),
  state: deviceState,
  reason: deviceReason.optional(),
  /** The token that approved it. */
  tokenId: z.string().optional(),
  /** True while a server that is running holds a connection of it. */
  connected: z.boolean(),
  connectedSince: moment.optional(),
  /** What its agent said at its last connection that it understands: `tasks`, `self-update`. */
  can: abilities.optional(),
  /** The authorities that its agent said it trusts; absent where it is too old to say. */
  trusts: trusts.optional(),
  lastSeenAt: moment,
  enrolledAt: moment,
  /** The first address of what it has said last, with its inventory or when it connected; absent where it has none. */
  address: z.string().optional(),
  inventory: inventory.optional(),
  inventoryAt: moment.optional(),
});

/** A device that an agent enrolled, in whatever state; with its inventory only where that was asked for. */
export type Device = z.output<typeof device>;

const standing = z.object({ kuid, state: deviceState, reason: deviceReason.optional() });

/** The state of a device and why. */
export type DeviceStanding = z.output<typeof standing>;

const connectionId = z.string().min(1).max(100);
const instanceId = z.string().min(1).max(100);

export const deviceOperations = defineOperations({
  enrolDevice: {
    description:
      "Records a device whose signature was verified, and says where it stands. A device that is not approved yet is approved by a valid token, one use of which is counted in the same step; without one it is in quarantine. A blocked device stays blocked. Another public key for a known device is a conflict. What stays in quarantine is judged by the organization's decisions; a quarantine that is full makes room by forgetting strangers.",
    access: "write",
    role: "admin",
    reach: "appliance",
    input: hello.extend({
      kuid,
      publicKey: z.string().regex(/^[A-Za-z0-9_-]{43}$/, "expected 32 bytes in base64url"),
      token: z.string().max(1_000).optional(),
      /** The connection that the hello came by: recorded in the same step. */
      connection: z
        .object({ connectionId, instanceId, can: abilities.default([]), trusts: trusts.optional() })
        .optional(),
    }),
    output: z.object({
      state: deviceState,
      reason: deviceReason.optional(),
      organization: z.string(),
      /** True where this call approved it. */
      approvedNow: z.boolean(),
      /** True where it is in quarantine or blocked by this call, and was not so before; absent otherwise. */
      heldNow: z.boolean().optional(),
      /** How many devices that nobody decided about were forgotten to make room for it; absent where none. */
      forgotten: z.int().optional(),
    }),
  },
  deviceConnected: {
    description: "Records the connection of a device; a newer one takes the place of an older.",
    access: "write",
    role: "admin",
    reach: "appliance",
    input: z.object({ kuid, connectionId, instanceId, can: abilities.default([]) }),
    output: done,
  },
  deviceDisconnected: {
    description: "Records that a connection ended, unless a newer one has taken its place.",
    access: "write",
    role: "admin",
    reach: "appliance",
    input: z.object({ kuid, connectionId }),
    output: done,
  },
  recordInventory: {
    description:
      "Keeps the inventory of an approved device, in JSON as its agent wrote it; that of another is refused (permission-denied).",
    access: "write",
    role: "admin",
    reach: "appliance",
    input: z.object({ kuid, inventory: z.string().max(MAX_MESSAGE_BYTES) }),
    output: done,
  },
  getDevice: {
    description: "A device.",
    access: "read",
    input: z.object({ kuid }),
    output: device,
  },
  findDevices: {
    description: `Devices by kuid: those of the given identities, host names (in any case, with or without domain) and states. With their inventories a page has ${INVENTORIES_A_PAGE} of them at most, whatever its limit is.`,
    access: "read",
    input: z.object({
      organization,
      kuids: z.array(kuid).max(100_000).optional(),
      names: z.array(z.string().max(255)).max(100_000).optional(),
      states: z.array(deviceState).optional(),
      /** Whether their inventories are needed, which are most of an answer: up to 256 kB each. */
      inventories: z.boolean().default(false),
      limit,
      after,
    }),
    output: z.object({ devices: z.array(device), next }),
  },
  listQuarantine: {
    description: "Devices in quarantine, those that came last first, without their inventories.",
    access: "read",
    input: z.object({ organization, limit, after }),
    output: z.object({ devices: z.array(device), next }),
  },
  deviceStates: {
    description: "Where each of the given devices stands; unknown ones are left out.",
    access: "read",
    input: z.object({ kuids: z.array(kuid).max(100_000) }),
    output: z.object({ devices: z.array(standing.extend({ connected: z.boolean() })) }),
  },
  setDeviceState: {
    description: "Approves a device, blocks it, or puts it back into quarantine.",
    access: "write",
    input: z.object({ kuid, state: deviceState }),
    output: standing,
  },
  deleteDevice: {
    description: "Forgets a device; if its agent comes back it is a new one.",
    access: "write",
    input: z.object({ kuid }),
    output: deleted,
  },
  changesSince: {
    description:
      "Changes of standing since a sequence number, by whatever process; without one, only the present number. `complete` is false where older changes are no longer known: then ask for every device.",
    access: "read",
    role: "admin",
    reach: "appliance",
    input: z.object({ sequence: z.int().min(0).optional() }),
    output: z.object({
      sequence: z.int(),
      complete: z.boolean(),
      changes: z.array(
        z.discriminatedUnion("change", [
          standing.extend({ change: z.literal("standing") }),
          z.object({ change: z.literal("deleted"), kuid }),
        ]),
      ),
    }),
  },
});
