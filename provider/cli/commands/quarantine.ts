import { everyPage } from "../../appliance/every-page.ts";
import { conditionsOf, type MachineFilter } from "../../appliance/filter/filter.ts";
import type { KeyConflict, QuarantineDecision } from "../../appliance/operations/quarantine.ts";
import { type Column, printList } from "../output.ts";
import type { CommandSession, ExitCode } from "../session.ts";
import { listDevices } from "./devices.ts";

const RULE_COLUMNS: readonly Column<QuarantineDecision>[] = [
  ["decision", ({ name }) => name],
  ["verdict", ({ verdict }) => verdict],
  ["priority", ({ priority }) => priority],
  ["about", ({ kuid, rule }) => (rule === undefined ? kuid : wordsOf(rule))],
  ["in force", ({ inForce }) => inForce],
];

/** A rule as people read it: `all: hostname matches web*; none: os.id equals debian`. */
function wordsOf(rule: MachineFilter): string {
  const words = conditionsOf(rule).map(({ condition: { property, operator, value }, path: [group] }) => ({
    group: String(group),
    text: `${property} ${operator} ${value}`,
  }));
  return [...Map.groupBy(words, ({ group }) => group)]
    .map(([group, items]) => `${group}: ${items.map(({ text }) => text).join(", ")}`)
    .join("; ");
}

/** The decisions about the quarantine, in the order in which they are asked. */
export async function listDecisions(session: CommandSession): Promise<ExitCode> {
  const decisions = await session.read((appliance) =>
    everyPage(async (after) => {
      const { decisions: items, next } = await appliance.listQuarantineDecisions({ limit: 1_000, after });
      return { items, next };
    }),
  );
  // Those about one device are asked before all rules.
  decisions.sort((one, other) => (one.priority ?? -1) - (other.priority ?? -1));
  const nothing = "nothing is decided in advance: a `QuarantineDecision` does that";
  printList(session.terminal, session.json, decisions, RULE_COLUMNS, nothing);
  return 0;
}

const DUPLICATE_COLUMNS: readonly Column<KeyConflict>[] = [
  ["kuid", ({ kuid }) => kuid],
  ["known as", ({ knownHostname }) => knownHostname],
  ["came as", ({ hostname }) => hostname],
  ["same machine", ({ sameMachine }) => sameMachine],
  ["addresses", ({ addresses }) => addresses.join(", ")],
  ["times", ({ attempts }) => attempts],
  ["last seen", ({ lastSeenAt }) => lastSeenAt],
];

function duplicatesOf(session: CommandSession): Promise<KeyConflict[]> {
  return session.read((appliance) =>
    everyPage(async (after) => {
      const { keyConflicts: items, next } = await appliance.listKeyConflicts({ limit: 1_000, after });
      return { items, next };
    }),
  );
}

export async function listDuplicates(session: CommandSession): Promise<ExitCode> {
  const duplicates = await duplicatesOf(session);
  printList(session.terminal, session.json, duplicates, DUPLICATE_COLUMNS, "no KUID that is known was seen twice");
  return 0;
}

/** Those that wait; and a remark where others were refused because a device has their KUID. */
export async function listQuarantine(session: CommandSession): Promise<ExitCode> {
  const exitCode = await listDevices(session, ["quarantined"]);
  const { length } = await duplicatesOf(session);
  if (length > 0)
    session.terminal.err(
      `${length} ${length === 1 ? "device" : "devices"} came with the KUID of another: \`kace quarantine duplicates\``,
    );
  return exitCode;
}
