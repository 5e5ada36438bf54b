import * as z from "zod";
import { authorityWish, MAX_AUTHORITIES, publishedAuthority } from "./authorities.ts";
import { done, moment, port, processIdentity } from "./fields.ts";
import { defineOperations } from "./operation.ts";

const published = z.object({
  /** Of this start of the server. */
  instanceId: z.string().min(1).max(100),
  /** The host name that agents are told. */
  name: z.string().min(1).max(255),
  port,
  /** PEM of the authorities to trust, one after the other; absent where the system's own are enough. */
  caCertificate: z.string().max(100_000).optional(),
  /** The same by what they are, the present one first. */
  authorities: z.array(publishedAuthority).max(MAX_AUTHORITIES).default([]),
  /** When the server goes over to the next authority, if all devices have confirmed it by then. */
  switchOverAt: moment.optional(),
  /** Whether the authorities are the appliance's own, so that it can make others. */
  makesAuthorities: z.boolean().default(false),
  /** All names and addresses of its certificate. */
  canonicalNames: z.array(z.string().max(255)).max(1_000),
  version: z.string().max(100),
  process: processIdentity,
});

/** Longer without a heartbeat, and a server that cannot be looked at directly counts as gone. */
export const HEARTBEAT_LIMIT_MS = 15_000;

const serverStatus = published.partial().extend({
  running: z.boolean(),
  startedAt: moment.optional(),
  /** What the server was asked to do with its authorities and has not done yet. */
  authorityWish: authorityWish.optional(),
});

/** The server of an appliance: whether it runs, and where; what it said last where it does not. */
export type ServerStatus = z.output<typeof serverStatus>;

export const serverOperations = defineOperations({
  publishServer: {
    description:
      "Says that a server of this appliance runs, and says so again at every heartbeat (every 5 s). A conflict while another one runs.",
    access: "write",
    role: "admin",
    reach: "appliance",
    input: published,
    output: done,
  },
  withdrawServer: {
    description: "Says that a server has stopped; its devices are no longer connected.",
    access: "write",
    role: "admin",
    reach: "appliance",
    input: z.object({ instanceId: z.string().min(1).max(100) }),
    output: done,
  },
  serverStatus: {
    description:
      "Whether a server of this appliance runs: whether its process is alive where that can be seen, else whether its last heartbeat is recent.",
    access: "read",
    input: z.object({}),
    output: serverStatus,
  },
});
