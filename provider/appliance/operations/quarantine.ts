import * as z from "zod";
import { kuid } from "./device-words.ts";
import { deviceOperations } from "./devices.ts";
import { after, deleted, limit, moment, name, next, organization, urn } from "./fields.ts";
import { defineOperations } from "./operation.ts";
import { quarantineRule, verdict } from "./quarantine-words.ts";

const id = z.string().min(1).max(100);

const priority = z.int().min(0).max(1_000_000);

const decision = z.object({
  id,
  organization: z.string(),
  name: z.string(),
  urn: z.string().optional(),
  verdict,
  /** Of a decision about one device. */
  kuid: kuid.optional(),
  /** Of a decision about all that it means. */
  rule: quarantineRule.optional(),
  /** Of a rule: the lowest is asked first, and the first that means a device decides. */
  priority: priority.optional(),
  /** False where somebody has decided otherwise about its device since. */
  inForce: z.boolean(),
  createdAt: moment,
  updatedAt: moment,
});

/** What is to be done with devices that come without a valid token. */
export type QuarantineDecision = z.output<typeof decision>;

const { publicKey, hostname, machineId, addresses } = deviceOperations.enrolDevice.input.shape;

const keyConflict = z.object({
  kuid,
  /** Of the device that is known under this KUID. */
  knownHostname: z.string(),
  /** Of the one that came with another key, or that was connected at the same time with the same one. */
  hostname: z.string(),
  /** Whether both are the same machine, set up anew; absent where one of them does not say which machine it is. */
  sameMachine: z.boolean().optional(),
  addresses,
  firstSeenAt: moment,
  lastSeenAt: moment,
  /** How often it came. */
  attempts: z.int(),
});

/** A device that came with the KUID of another: a machine that was copied, or an agent that was set up anew. */
export type KeyConflict = z.output<typeof keyConflict>;

export const quarantineOperations = defineOperations({
  saveQuarantineDecision: {
    description:
      "Makes a decision, or changes the one of the given id or URN, and does at once what it says: about one device (`kuid`), whatever its state and whether it has enrolled yet or not, or by a `rule` about all in quarantine and those that come. A second decision of one name, or about one device, is a conflict.",
    access: "write",
    input: z.object({
      organization,
      id: id.optional(),
      urn: urn.optional(),
      name,
      verdict,
      kuid: kuid.optional(),
      rule: quarantineRule.optional(),
      priority: priority.default(100),
    }),
    output: decision.extend({
      /** How many devices it approved or blocked at once. */
      decidedNow: z.int(),
    }),
  },
  getQuarantineDecision: {
    description: "A decision.",
    access: "read",
    input: z.object({ id }),
    output: decision,
  },
  listQuarantineDecisions: {
    description: "All decisions of an organization by name.",
    access: "read",
    input: z.object({ organization, limit, after }),
    output: z.object({ decisions: z.array(decision), next }),
  },
  deleteQuarantineDecision: {
    description:
      "Deletes a decision. A device that it alone had approved or blocked is in quarantine again, and the rules are asked about it; what a rule has decided about devices stays.",
    access: "write",
    input: z.object({ id }),
    output: deleted,
  },
  recordKeyConflict: {
    description:
      "Records that a device came with the KUID of another and a key of its own, or with `copied` that another machine has its key as well, which shows where both are connected; the oldest of too many such records are dropped. Only the first time is `isNew`.",
    access: "write",
    role: "admin",
    reach: "appliance",
    input: z.object({ kuid, publicKey, hostname, machineId, addresses, copied: z.boolean().default(false) }),
    output: keyConflict.extend({ isNew: z.boolean() }),
  },
  listKeyConflicts: {
    description: "Devices that came with the KUID of another, those that came last first.",
    access: "read",
    input: z.object({ organization, limit, after }),
    output: z.object({ keyConflicts: z.array(keyConflict), next }),
  },
});
