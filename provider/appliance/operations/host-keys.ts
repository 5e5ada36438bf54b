import * as z from "zod";
import { moment, organization, port } from "./fields.ts";
import { defineOperations } from "./operation.ts";

const host = z.string().min(1).max(255);

const hostKey = z.object({
  /** Name or address as it was dialled, in lower case. */
  host: z.string(),
  port: z.int(),
  /** `ssh-ed25519`, for one. */
  type: z.string().min(1).max(100),
  /** Base64 of the key. */
  key: z.string().min(1).max(20_000),
  /** `SHA256:` and base64 without padding, as OpenSSH prints it. */
  fingerprint: z.string().min(1).max(200),
  /** The configuration on whose behalf it was accepted. */
  configurationId: z.string().max(100).optional(),
  pinnedAt: moment,
});

/** A host key that was accepted once and is the only one accepted from then on. */
export type PinnedHostKey = z.output<typeof hostKey>;

export const hostKeyOperations = defineOperations({
  listHostKeys: {
    description: "The pinned keys of the given hosts, or all of an organization.",
    access: "read",
    input: z.object({ organization, hosts: z.array(host).max(100_000).optional() }),
    output: z.object({ hostKeys: z.array(hostKey) }),
  },
  pinHostKey: {
    description:
      "Pins the key of a host and port. The same key again changes nothing; another one is a conflict until the pinned one is forgotten.",
    access: "write",
    input: hostKey.omit({ pinnedAt: true }).extend({ organization, host, port }),
    output: hostKey,
  },
  forgetHostKey: {
    description: "Forgets the pinned keys of a host, of one port or all.",
    access: "write",
    input: z.object({ organization, host, port: port.optional() }),
    output: z.object({ forgotten: z.int() }),
  },
});
