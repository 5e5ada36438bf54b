import * as z from "zod";
import { deleted, done, moment, name, port, processIdentity } from "./fields.ts";
import { defineOperations } from "./operation.ts";

const published = z.object({
  /** Of this start of the server. */
  instanceId: z.string().min(1).max(100),
  /** The host name that agents are told. */
  name: z.string().min(1).max(255),
  port,
  /** PEM of the authority that its certificate comes from; absent where the system's own are enough. */
  caCertificate: z.string().max(100_000).optional(),
  /** All names and addresses of its certificate. */
  canonicalNames: z.array(z.string().max(255)).max(1_000),
  version: z.string().max(100),
  process: processIdentity,
});

/** Longer without a heartbeat, and a server that cannot be looked at directly counts as gone. */
export const HEARTBEAT_LIMIT_MS = 15_000;

const serverStatus = published.partial().extend({ running: z.boolean(), startedAt: moment.optional() });

/** The server of an appliance: whether it runs, and where; what it said last where it does not. */
export type ServerStatus = z.output<typeof serverStatus>;

const apiToken = z.object({ id: z.string(), name: z.string(), createdAt: moment });

/** An API token as lists show it. */
export type ApiToken = z.output<typeof apiToken>;

export const serverOperations = defineOperations({
  publishServer: {
    description:
      "Says that a server of this appliance runs, and says so again at every heartbeat (every 5 s). A conflict while another one runs.",
    access: "write",
    input: published,
    output: done,
  },
  withdrawServer: {
    description: "Says that a server has stopped; its devices are no longer connected.",
    access: "write",
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
  listOrganizations: {
    description: "The organizations of this appliance.",
    access: "read",
    input: z.object({}),
    output: z.object({ organizations: z.array(z.object({ name: z.string(), createdAt: moment })) }),
  },
});

export const apiTokenOperations = defineOperations({
  createApiToken: {
    description: "Makes a token for the API; its value is given once and never again.",
    access: "write",
    input: z.object({ name }),
    output: apiToken.extend({ value: z.string() }),
    secretOutput: ["value"],
  },
  checkApiToken: {
    description: "Whose API token a value is; null where it is nobody's.",
    access: "read",
    input: z.object({ value: z.string().max(1_000) }),
    output: apiToken.nullable(),
  },
  listApiTokens: {
    description: "All API tokens by name, without their values.",
    access: "read",
    input: z.object({}),
    output: z.object({ apiTokens: z.array(apiToken) }),
  },
  deleteApiToken: {
    description: "Deletes an API token: it is refused from then on.",
    access: "write",
    input: z.object({ id: z.string().min(1).max(100) }),
    output: deleted,
  },
});
