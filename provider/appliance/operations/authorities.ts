import * as z from "zod";
import { kuid } from "./device-words.ts";
import { trusts } from "./devices.ts";
import { after, done, limit, moment, name, next, sha256 } from "./fields.ts";
import { defineOperations } from "./operation.ts";

/** No server announces more at once; its agents would not take up more. */
export const MAX_AUTHORITIES = 8;

/** A certificate authority that a server has its agents trust. */
export const publishedAuthority = z.object({
  /** The common name of its certificate. */
  name,
  /** Of the certificate. */
  sha256,
  expiresAt: moment,
  /** `present`: the server's certificate is of it; `next`: it will be. */
  use: z.enum(["present", "next"]),
});

export type PublishedAuthority = z.output<typeof publishedAuthority>;

/** What a server can be asked to do with its authorities: make the next one, or go over to it. */
export const authorityWish = z.enum(["renew", "finish"]);

/** Why a device does not trust an authority. */
export const distrust = z.enum([
  /** Its agent is of a version that takes up no authorities. */
  "agent-too-old",
  /** It trusts its system's roots, which the server does not change. */
  "system-roots",
  /** It was not connected since, or could not keep it. */
  "not-yet",
]);

const distrusting = z.object({
  kuid,
  hostname: z.string(),
  organization: z.string(),
  agentVersion: z.string(),
  connected: z.boolean(),
  lastSeenAt: moment,
  why: distrust,
});

/** An approved device that would not trust a server of an authority. */
export type DistrustingDevice = z.output<typeof distrusting>;

export const authorityOperations = defineOperations({
  listDistrustingDevices: {
    description:
      "The approved devices of all organizations that do not trust an authority, by kuid, with their number and that of all approved devices. Those that a newer device of the same machine has replaced are none.",
    access: "read",
    reach: "appliance",
    input: z.object({ sha256, limit, after }),
    output: z.object({ count: z.int(), approved: z.int(), devices: z.array(distrusting), next }),
  },
  renewAuthority: {
    description:
      "Has the server make its next authority and announce it to all agents, beside the present one. A conflict while there is one already, or where the server's certificate was given to it.",
    access: "write",
    role: "admin",
    reach: "appliance",
    input: z.object({}),
    output: done,
  },
  finishAuthority: {
    description:
      "Has the server go over to its next authority and announce that one alone. A conflict where there is none, and while devices do not trust it, unless that is forced: these cannot connect any more.",
    access: "write",
    role: "admin",
    reach: "appliance",
    input: z.object({ force: z.boolean().default(false) }),
    output: done,
  },
  recordTrust: {
    description: "Keeps which authorities the agent of a device says it trusts.",
    access: "write",
    role: "admin",
    reach: "appliance",
    input: z.object({ kuid, trusts }),
    output: done,
  },
});
