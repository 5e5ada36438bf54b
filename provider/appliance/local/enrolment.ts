import type { Selectable } from "kysely";
import { ApplianceError } from "../errors.ts";
import type { MachineFacts } from "../filter/match.ts";
import type { DeviceState } from "../operations/device-words.ts";
import { type DeviceReason, deviceReason } from "../operations/devices.ts";
import { DEFAULT_ORGANIZATION } from "../operations/fields.ts";
import { recordConnection } from "./connections.ts";
import { fixed } from "./fixed-query.ts";
import type { Handler } from "./handlers.ts";
import { type DecisionRow, decisionAbout, judgeOf, markChanged, STATE_OF } from "./judgement.ts";
import { build } from "./query.ts";
import { announce } from "./standing.ts";
import { makeRoom } from "./strangers.ts";
import type { Tables } from "./tables.ts";
import { countUse, standingOf } from "./token-values.ts";
import { changesBetween, recordChanges, type Transaction } from "./transaction.ts";

interface Admission {
  readonly state: DeviceState;
  readonly reason?: DeviceReason | undefined;
  /** The token that admits it now. */
  readonly token?: { readonly id: string; readonly organization: string };
  /** The name of the decision about the quarantine that says so. */
  readonly decision?: string;
}

/** Whether a device that is not approved yet may come in, by its token. */
function admission(tx: Transaction, token: string | undefined, earlier: DeviceReason | undefined): Admission {
  // Without a token it says nothing new: the reason that sent it to quarantine stands.
  if (token === undefined || token === "") return { state: "quarantined", reason: earlier ?? "no-token" };
  const standing = standingOf(tx, token);
  if (standing.status === "valid" && standing.token !== undefined) return { state: "approved", token: standing.token };
  return { state: "quarantined", reason: standing.status === "valid" ? "token-unknown" : `token-${standing.status}` };
}

/**
 * What becomes of a device that is not approved yet: a block of this very device comes before its token, and all else
 * that was decided is asked about what the token leaves in quarantine.
 */
function judged(
  tx: Transaction,
  device: MachineFacts & { readonly kuid: string },
  organization: string,
  token: string | undefined,
  earlier: DeviceReason | undefined,
): Admission {
  // Whom a person has put back into quarantine, a person or a token lets in.
  if (earlier === "awaiting-approval") return admission(tx, token, earlier);
  const own = decisionAbout(tx, organization, device.kuid);
  if (own?.verdict === "block") return byDecision(tx, own);
  const admitted = admission(tx, token, earlier);
  if (admitted.state !== "quarantined") return admitted;
  const decision = own ?? judgeOf(tx, organization)(device);
  return decision === undefined ? admitted : byDecision(tx, decision);
}

function byDecision(tx: Transaction, decision: DecisionRow): Admission {
  if (decision.kuid !== null) markChanged(tx, decision);
  const state = STATE_OF[decision.verdict];
  return { state, reason: state === "blocked" ? "blocked" : undefined, decision: decision.name };
}

const knownAs = fixed(({ kuid }: { kuid: string }) =>
  build
    .selectFrom("devices")
    .select(["public_key", "state", "reason", "organization", "token_id", "hostname"])
    .where("kuid", "=", kuid),
);

/** What a hello says anew each time. */
type Said = Pick<
  Selectable<Tables["devices"]>,
  | "state"
  | "reason"
  | "organization"
  | "token_id"
  | "hostname"
  | "full_name"
  | "short_name"
  | "agent"
  | "hello"
  | "last_seen_at"
>;

const kept = fixed(
  (given: Said & { readonly kuid: string; readonly public_key: string; readonly enrolled_at: number }) => {
    const { kuid, public_key, enrolled_at } = given;
    const { state, reason, organization, token_id, hostname, full_name, short_name } = given;
    const { agent, hello, last_seen_at } = given;
    const names = { hostname, full_name, short_name };
    const said = { state, reason, organization, token_id, ...names, agent, hello, last_seen_at };
    return build
      .insertInto("devices")
      .values({ kuid, public_key, enrolled_at, ...said })
      .onConflict((conflict) => conflict.column("kuid").doUpdateSet(said));
  },
);

/** Records a device that has said hello and proved its key; the token's use is counted in the same transaction. */
export const enrol: Handler<"enrolDevice"> = (tx, { kuid, publicKey, token, hostname, connection, ...hello }) => {
  const known = tx.queries.first(knownAs({ kuid }));
  if (known !== undefined && known.public_key !== publicKey) {
    throw new ApplianceError({
      code: "conflict",
      message: `device ${kuid} is known with another key`,
      hint: "if the agent was set up anew, delete the device; if the machine was copied, give the copy an identity of its own",
    });
  }
  const earlier = known?.reason == null ? undefined : deviceReason.parse(known.reason);
  const decided: Admission =
    known?.state === "approved"
      ? { state: "approved" }
      : known?.state === "blocked"
        ? { state: "blocked", reason: "blocked" }
        : judged(tx, { kuid, hostname, ...hello }, known?.organization ?? DEFAULT_ORGANIZATION, token, earlier);
  const approvedNow = decided.state === "approved" && known?.state !== "approved";
  if (decided.token !== undefined) countUse(tx, decided.token.id, { kuid, hostname });
  const organization = decided.token?.organization ?? known?.organization ?? DEFAULT_ORGANIZATION;
  const fullName = hostname.toLowerCase().replace(/\.$/, "");
  const { agentVersion, flavour, os, ...rest } = hello;
  const said = {
    state: decided.state,
    reason: decided.reason ?? null,
    organization,
    token_id: decided.token?.id ?? known?.token_id ?? null,
    hostname,
    full_name: fullName,
    short_name: fullName.split(".", 1)[0] ?? fullName,
    agent: JSON.stringify({ agentVersion, flavour, os }),
    hello: JSON.stringify(rest),
    last_seen_at: tx.now,
  };
  tx.queries.run(kept({ kuid, public_key: publicKey, enrolled_at: tx.now, ...said }));
  if (connection !== undefined) recordConnection(tx, { kuid, ...connection });
  const forgotten =
    known === undefined && decided.state === "quarantined" ? makeRoom(tx, kuid, tx.world.quarantineLimit) : 0;
  const before = { state: known?.state, reason: known?.reason, organization: known?.organization };
  const after = { state: said.state, reason: said.reason, organization };
  const changes = changesBetween(before, after);
  if (changes.length > 0) {
    announce(tx, { kuid, state: decided.state, reason: decided.reason });
    const decision = decided.decision === undefined ? [] : changesBetween({}, { decision: decided.decision });
    recordChanges(tx, { subject: `device:${kuid}`, subjectName: hostname, organization }, [...changes, ...decision]);
  }
  return {
    state: decided.state,
    reason: decided.reason,
    organization,
    approvedNow,
    ...(decided.state !== "approved" && decided.state !== known?.state && { heldNow: true }),
    ...(forgotten > 0 && { forgotten }),
  };
};
