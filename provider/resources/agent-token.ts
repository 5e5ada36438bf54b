import * as z from "zod";
import { dateOrMoment } from "../appliance/moment-text.ts";
import { MAX_NAME_LENGTH } from "../appliance/operations/fields.ts";
import type { Token, TokenInfo } from "../appliance/operations/tokens.ts";
import { defineResource } from "../kit/define/resource.ts";
import { duration, durationMs } from "../kit/define/scalars.ts";
import { findingsOfExpiry } from "./agent-token-check.ts";
import { agentTokenExamples } from "./agent-token-examples.ts";
import { foundOrGone } from "./found-or-gone.ts";
import { inItsOrganization, organizationInput } from "./in-organization.ts";
import { objectName } from "./object-name.ts";

const moment = z.string().refine((text) => dateOrMoment(text) !== undefined, {
  error: 'expected a date ("2027-06-30", its beginning in UTC) or a moment ("2027-06-30T18:00:00+02:00")',
});

/** As much as the appliance counts to. */
const MAX_USE_LIMIT = 1_000_000_000;

/** A year, which is longer than any installer is under way. */
const MAX_OVERLAP_MS = 365 * 86_400_000;

const rotation = z
  .object({
    trigger: z
      .string()
      .min(1)
      .max(200)
      .meta({
        description: "Any text; whenever it changes, the token gets a new value.",
        examples: ["2027-Q1"],
      }),
    overlap: duration()
      .refine((text) => durationMs(text) <= MAX_OVERLAP_MS, { error: 'expected at most "365d", such as "24h"' })
      .default("24h")
      .meta({
        description: "How long the value before stays valid, for installers that are under way; at most `365d`.",
      }),
  })
  .meta({ typeName: "TokenRotation", description: "When the token gets a new value." });

const definition = defineResource({
  name: "AgentToken",
  description:
    "An enrolment token: agents that bring it are approved by themselves, all others wait in quarantine. How often it was used changes by itself and is no part of the state; `kace tokens list` shows it.",
  inputs: z.object({
    organization: organizationInput(),
    name: objectName()
      .optional()
      .meta({ description: "Its name, unique in its organization.", autoname: { maxLength: MAX_NAME_LENGTH } }),
    adoptValue: z
      .string()
      .regex(/^[A-Za-z0-9._~+/=-]{8,256}$/, {
        error: "expected 8 to 256 characters of A-Z, a-z, 0-9 and ._~+/=-",
      })
      .optional()
      .meta({
        description: "A value that exists already. Without it the appliance mints one; a change of it is a rotation.",
        secret: true,
      }),
    expiresAt: moment.optional().meta({
      description: "When it stops being accepted: a date (its beginning in UTC) or a moment. Default: never.",
      examples: ["2035-06-30"],
    }),
    useLimit: z
      .int()
      .min(1, { error: "expected 1 or more; leave it out for any number" })
      .max(MAX_USE_LIMIT, { error: `expected at most ${MAX_USE_LIMIT}; leave it out for any number` })
      .optional()
      .meta({ description: "How many machines it may enrol in all. Default: any number.", examples: [500] }),
    enabled: z.boolean().default(true).meta({ description: "Whether it is accepted." }),
    rotation: rotation.optional(),
  }),
  outputs: z.object({
    value: z.string().meta({ description: "What agents bring; give it to `agent.token`.", secret: true }),
  }),
  examples: agentTokenExamples,
});

/** What a program would say to have this token; a moment keeps the form it was written in. */
function inputsOf(token: TokenInfo, written: string | undefined) {
  const same = written !== undefined && dateOrMoment(written) === token.expiresAt;
  return {
    organization: token.organization,
    name: token.name,
    expiresAt: same ? written : (token.expiresAt ?? null),
    useLimit: token.useLimit ?? null,
    enabled: token.enabled,
  };
}

/** `kace:index:AgentToken`. */
export const agentToken = inItsOrganization(definition, (appliance, name) =>
  appliance.findTokenByName({ name }),
).handle({
  check: async ({ inputs, old }) => findingsOfExpiry(inputs.expiresAt, old?.["expiresAt"], Date.now()),

  async create({ urn, logicalName, inputs, exists }, { client, log }) {
    const token = await client.write(async (appliance) => {
      const made = await appliance.createToken({
        urn,
        name: inputs.name ?? logicalName, // the check has given it a name
        value: inputs.adoptValue,
        expiresAt: expiryOf(inputs.expiresAt),
        useLimit: inputs.useLimit,
        enabled: inputs.enabled,
      });
      exists(made.id, { value: made.value });
      await appliance.settleToken({ id: made.id });
      return made;
    });
    warnIfUnusable(token, log.warn);
    return { id: token.id, outputs: { value: token.value } };
  },

  async read({ id, old }, { client }) {
    const token = await client.read((appliance) => foundOrGone(appliance.getToken({ id })));
    if (token === undefined) return undefined;
    return { inputs: inputsOf(token, old?.inputs.expiresAt), outputs: { value: token.value } };
  },

  async update({ id, inputs, old, changes }, { client, log }) {
    const { rotation } = inputs;
    // A trigger that was not recorded (after an import, for one) is taken as the one there was.
    const triggered =
      rotation !== undefined && old.inputs.rotation !== undefined && rotation.trigger !== old.inputs.rotation.trigger;
    const rotates = triggered || changes.some(({ path }) => path[0] === "adoptValue");
    const value = await client.write(async (appliance) => {
      const changed = await appliance.updateToken({
        id,
        name: inputs.name,
        expiresAt: expiryOf(inputs.expiresAt) ?? null,
        useLimit: inputs.useLimit ?? null,
        enabled: inputs.enabled,
      });
      warnIfUnusable(changed, log.warn);
      if (!rotates) return (await appliance.getToken({ id })).value;
      const present = (await appliance.getToken({ id })).value;
      // An update that was killed after its rotation comes again: the value is not the recorded one any more.
      const rotated = present !== old.outputs.value && (inputs.adoptValue ?? present) === present;
      if (rotated) return present;
      const overlapMs = durationMs(rotation?.overlap ?? "24h");
      const overlapUntil = new Date(Date.now() + overlapMs).toISOString();
      log.info(`the token has a new value; the one before is accepted until ${overlapUntil}`);
      return (await appliance.rotateToken({ id, value: inputs.adoptValue, overlapUntil })).value;
    });
    return { outputs: { value } };
  },

  async delete({ id }, { client }) {
    await client.write((appliance) => appliance.deleteToken({ id }));
  },

  async *list({ limit }, { client }) {
    const { tokens } = await client.read((appliance) =>
      appliance.listTokens({ limit: limit === 0 ? 1_000 : Math.min(limit, 1_000) }),
    );
    for (const { id, name } of tokens) yield { id, name };
  },
});

function expiryOf(text: string | undefined): string | undefined {
  return text === undefined ? undefined : dateOrMoment(text);
}

function warnIfUnusable(token: TokenInfo | Token, warn: (text: string) => void): void {
  if (token.expiresAt !== undefined && Date.parse(token.expiresAt) <= Date.now())
    warn(`expiresAt: the token ${token.name} has expired already (${token.expiresAt}): nothing can enrol with it`);
}
