import * as z from "zod";
import { after, deleted, done, limit, moment, name, next, organization, urn } from "./fields.ts";
import { defineOperations } from "./operation.ts";

/**
 * The value of an enrolment token. Minted ones are 54 characters of base64url (40 random bytes), as the vendor's are;
 * adopted ones may be anything that fits a file name and a command line.
 */
export const tokenValue = z
  .string()
  .regex(/^[A-Za-z0-9._~+/=-]{8,256}$/, "expected 8 to 256 characters of A-Z, a-z, 0-9 and ._~+/=-");

const id = z.string().min(1).max(100);
const useLimit = z.int().min(1).max(1_000_000_000);

const tokenInfo = z.object({
  id,
  organization: z.string(),
  name: z.string(),
  urn: z.string().optional(),
  expiresAt: moment.optional(),
  /** How many devices it may enrol in all. */
  useLimit: useLimit.optional(),
  enabled: z.boolean(),
  /** How many devices it has enrolled: not for a state, since it changes by itself. */
  useCount: z.int(),
  /** False until `settleToken` says that its creator knows about it. */
  settled: z.boolean(),
  createdAt: moment,
  updatedAt: moment,
  /** Until when a value before the present one is still accepted; absent where there is none. */
  overlapUntil: moment.optional(),
});

/** A token as lists show it: without its value. */
export type TokenInfo = z.output<typeof tokenInfo>;

const token = tokenInfo.extend({ value: tokenValue });

/** A token with its value, which is a secret. */
export type Token = z.output<typeof token>;

export const tokenStatus = z.enum(["valid", "unknown", "expired", "exhausted", "disabled"]);

export type TokenStatus = z.output<typeof tokenStatus>;

export const tokenOperations = defineOperations({
  createToken: {
    description:
      "Makes an enrolment token, with a value of its own or the given one. The same URN again gives back the same token (same id; same value unless another is given), with the settings of this call, so that a create which was killed is finished instead of repeated. A name that another token of the organization has is a conflict.",
    access: "write",
    input: z.object({
      organization,
      urn: urn.optional(),
      name,
      value: tokenValue.optional(),
      expiresAt: moment.optional(),
      useLimit: useLimit.optional(),
      enabled: z.boolean().default(true),
    }),
    output: token,
    secretOutput: ["value"],
  },
  settleToken: {
    description: "Records that the creator of a token knows about it.",
    access: "write",
    input: z.object({ id }),
    output: done,
  },
  getToken: {
    description: "A token with its value.",
    access: "read",
    input: z.object({ id }),
    output: token,
    secretOutput: ["value"],
  },
  findTokenByName: {
    description: "The token of a name, without its value; null where there is none.",
    access: "read",
    input: z.object({ organization, name }),
    output: tokenInfo.nullable(),
  },
  listTokens: {
    description: "All tokens of an organization by name, without their values.",
    access: "read",
    input: z.object({ organization, limit, after }),
    output: z.object({ tokens: z.array(tokenInfo), next }),
  },
  updateToken: {
    description: "Changes the given settings of a token; null takes an expiry or a limit away.",
    access: "write",
    input: z.object({
      id,
      name: name.optional(),
      expiresAt: moment.nullable().optional(),
      useLimit: useLimit.nullable().optional(),
      enabled: z.boolean().optional(),
    }),
    output: tokenInfo,
  },
  rotateToken: {
    description:
      "Gives a token another value; the one before stays valid until `overlapUntil`, and ends now where that is absent.",
    access: "write",
    input: z.object({ id, value: tokenValue.optional(), overlapUntil: moment.optional() }),
    output: token,
    secretOutput: ["value"],
  },
  deleteToken: {
    description:
      "Deletes a token with the record of its uses. Devices that it enrolled stay. A conflict while a configuration brings it.",
    access: "write",
    input: z.object({ id }),
    output: deleted,
  },
  checkToken: {
    description: "Whether a device could enrol with a value now; nothing is used up.",
    access: "read",
    input: z.object({ value: z.string().max(1_000) }),
    output: z.object({
      status: tokenStatus,
      id: id.optional(),
      /** Whose it is. A server of before does not say. */
      organization: z.string().optional(),
      name: z.string().optional(),
      /** Absent where there is no limit. */
      remainingUses: z.int().optional(),
      /** When this value stops being accepted: by the token's expiry or by a rotation. */
      expiresAt: moment.optional(),
    }),
  },
  tokenUses: {
    description: "Which devices a token enrolled and when, latest first.",
    access: "read",
    input: z.object({ id, limit, after }),
    output: z.object({
      uses: z.array(z.object({ kuid: z.string(), hostname: z.string(), usedAt: moment })),
      next,
    }),
  },
});
