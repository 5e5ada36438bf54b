import * as z from "zod";
import type { MachineFacts } from "../filter/match.ts";
import { deviceOperations } from "../operations/devices.ts";
import type { LabelMember } from "../operations/labels.ts";
import { columnReader } from "./column-reader.ts";
import { isConnected } from "./connections.ts";
import { KnownAddresses } from "./known-addresses.ts";
import { lastSaid } from "./last-said.ts";
import { build, listed } from "./query.ts";
import { replacedIn } from "./replaced.ts";
import { runningInstance } from "./server.ts";
import { fromColumn, type Transaction } from "./transaction.ts";

/** An approved device, as filters ask it. */
export interface LabelMachine extends MachineFacts {
  readonly kuid: string;
}

const { addresses: said, ...input } = deviceOperations.enrolDevice.input.shape;
const agent = z.object({ agentVersion: input.agentVersion, os: input.os });
const hello = z.object({ addresses: said });

/**
 * The approved devices of an organization that none has replaced, by KUID, as they have described themselves last: no
 * other has a label.
 */
export function labelMachines(tx: Transaction, organization: string): LabelMachine[] {
  const rows = tx.queries.all(
    build
      .selectFrom("devices")
      .select("kuid")
      .select((eb) => [
        lastSaid(eb, { reported: eb.ref("reported_hostname"), greeted: eb.ref("hostname") }).as("hostname"),
        lastSaid(eb, { reported: eb.ref("reported_agent"), greeted: eb.ref("agent") }).as("agent"),
      ])
      .where("organization", "=", organization)
      .where("state", "=", "approved")
      .orderBy("kuid"),
  );
  const fleet: Fleet = { agentOf: columnReader(agent), addresses: new KnownAddresses(tx, organization) };
  const replaced = replacedIn(tx, organization);
  return rows.filter(({ kuid }) => !replaced.has(kuid)).map((row) => new KnownMachine(row, fleet));
}

/** What the machines of an organization have in common. */
interface Fleet {
  readonly agentOf: (text: string, what: string) => z.output<typeof agent>;
  readonly addresses: KnownAddresses;
}

/** What is read when it is first asked for: most filters ask for very little of it. */
class KnownMachine implements LabelMachine {
  readonly kuid: string;
  readonly hostname: string;
  readonly #agentText: string;
  readonly #fleet: Fleet;
  #agent: z.output<typeof agent> | undefined;
  #addresses: Pick<MachineFacts, "addresses" | "macs"> | undefined;

  constructor(
    row: { readonly kuid: string; readonly hostname: string | null; readonly agent: string | null },
    fleet: Fleet,
  ) {
    this.kuid = row.kuid;
    this.hostname = row.hostname ?? "";
    this.#agentText = row.agent ?? "";
    this.#fleet = fleet;
  }

  get agentVersion(): string {
    return this.#said.agentVersion;
  }

  get os(): MachineFacts["os"] {
    return this.#said.os;
  }

  get addresses(): string[] {
    return this.#known.addresses;
  }

  get macs(): string[] {
    return this.#known.macs;
  }

  get #said(): z.output<typeof agent> {
    this.#agent ??= this.#fleet.agentOf(this.#agentText, `device ${this.kuid}`);
    return this.#agent;
  }

  get #known(): Pick<MachineFacts, "addresses" | "macs"> {
    this.#addresses ??= this.#fleet.addresses.of(this.kuid);
    return this.#addresses;
  }
}

/** Devices as the members of a label are shown, in the order of their KUIDs. */
export function shownMembers(tx: Transaction, kuids: readonly string[]): LabelMember[] {
  const instance = runningInstance(tx);
  const rows = tx.queries.all(
    build
      .selectFrom("devices")
      .select(["kuid", "hostname", "instance_id"])
      .select((eb) => [
        lastSaid(eb, { reported: eb.ref("reported_address"), greeted: eb.val(null) }).as("address"),
        lastSaid(eb, { reported: eb.val(null), greeted: eb.ref("hello") }).as("hello"),
      ])
      .where("kuid", "in", listed(kuids))
      .orderBy("kuid"),
  );
  return rows.map(({ kuid, hostname, ...row }) => {
    const greeting = row.hello === null ? undefined : fromColumn(hello, row.hello, `device ${kuid}`);
    return {
      kuid,
      hostname,
      address: row.address ?? greeting?.addresses[0],
      connected: isConnected(row, instance),
    };
  });
}
