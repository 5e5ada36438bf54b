import { isIP } from "node:net";
import type { Appliance } from "../../appliance/appliance.ts";
import { everyPage } from "../../appliance/every-page.ts";
import type { Label, LabelMember, ListedLabel } from "../../appliance/operations/labels.ts";
import { shellWord } from "../../appliance/shell-word.ts";
import { type Column, printList } from "../output.ts";
import { type CommandSession, type ExitCode, UsageError } from "../session.ts";
import { devicesNamed } from "./devices.ts";
import { listedMachines } from "./listed-machines.ts";

const COLUMNS: readonly Column<ListedLabel>[] = [
  ["label", ({ name }) => name],
  ["id", ({ id }) => id],
  ["machines", ({ kind }) => (kind === "filter" ? "by filter" : "by hand")],
  ["members", ({ members }) => members],
  ["pending", ({ pending }) => pending],
  ["description", ({ description }) => description],
];

export async function listLabels(session: CommandSession): Promise<ExitCode> {
  const labels = await session.read((appliance) =>
    everyPage(async (after) => {
      const { labels: items, next } = await appliance.listLabels({ limit: 1_000, after });
      return { items, next };
    }),
  );
  printList(session.terminal, session.json, labels, COLUMNS, "there is no label: a `Label` makes one");
  return 0;
}

/** The label of a name or id. @throws UsageError if there is none */
export async function labelOf(appliance: Appliance, nameOrId: string): Promise<Label> {
  const named = await appliance.findLabelByName({ name: nameOrId });
  if (named !== null) return named;
  const labels = await everyPage(async (after) => {
    const { labels: items, next } = await appliance.listLabels({ limit: 1_000, after });
    return { items, next };
  });
  if (labels.some(({ id }) => id === nameOrId)) return appliance.getLabel({ id: nameOrId });
  throw new UsageError(`there is no label ${nameOrId}`, "`kace labels list` shows those there are");
}

/** A machine of a label, or one that it waits for. */
interface MemberRow extends Partial<LabelMember> {
  readonly machine: string;
  readonly pending: boolean;
}

const MEMBER_COLUMNS: readonly Column<MemberRow>[] = [
  ["machine", ({ machine }) => machine],
  ["kuid", ({ kuid }) => kuid],
  ["address", ({ address }) => address],
  ["connected", ({ connected }) => connected],
  ["pending", ({ pending }) => pending],
];

export async function listLabelMembers(session: CommandSession, nameOrId: string): Promise<ExitCode> {
  const rows = await session.read(async (appliance) => {
    const { id } = await labelOf(appliance, nameOrId);
    let waiting: readonly string[] = [];
    const members = await everyPage(async (after) => {
      const { members: items, pending, next } = await appliance.listLabelMembers({ id, limit: 1_000, after });
      waiting = pending;
      return { items, next };
    });
    return [
      ...members.map((member): MemberRow => ({ machine: member.hostname, ...member, pending: false })),
      ...waiting.map((machine): MemberRow => ({ machine, pending: true })),
    ];
  });
  printList(session.terminal, session.json, rows, MEMBER_COLUMNS, "no machine has it");
  return 0;
}

/** Puts machines into a label that is by hand, or takes them out. */
export async function changeLabel(
  session: CommandSession,
  nameOrId: string,
  { add: named = [], remove: unlisted = [] }: { readonly add?: readonly string[]; readonly remove?: readonly string[] },
): Promise<ExitCode> {
  const add = await listedMachines(session, named);
  // A list knows no addresses: the devices that have one are meant.
  const atAddress = async (name: string) =>
    isIP(name) === 0 ? [] : (await devicesNamed(session, name)).map(({ kuid }) => kuid);
  const alsoMeant = new Map(await Promise.all(unlisted.map(async (name) => [name, await atAddress(name)] as const)));
  const remove = [...unlisted, ...[...alsoMeant.values()].flat()];
  const {
    label,
    added,
    removed,
    missing = [],
    pending,
  } = await session.write(async (appliance) => {
    const label = await labelOf(appliance, nameOrId);
    const changed = await appliance.changeLabelMachines({ id: label.id, add: [...add], remove: [...remove] });
    const { pending } = await appliance.listLabelMembers({ id: label.id, limit: 1 });
    return { label, ...changed, pending: pending.filter((name) => add.includes(name)) };
  });
  const what = add.length > 0 ? `put ${added} into` : `took ${removed} out of`;
  session.terminal.err(`${what} ${label.name}`);
  for (const name of pending)
    session.terminal.err(`no approved device is called ${name}: it has the label as soon as one is`);
  const absent = unlisted.filter((name) =>
    [name, ...(alsoMeant.get(name) ?? [])].every((one) => missing.includes(one)),
  );
  if (absent.length > 0)
    session.terminal.err(
      `not in ${label.name}: ${absent.join(", ")}; \`kace labels members ${shellWord(label.name)}\` shows what is`,
    );
  if (label.urn !== undefined)
    session.terminal.err(
      `this label belongs to ${label.urn}: where its program lists \`machines\`, its next \`pulumi up\` after a refresh sets those`,
    );
  return absent.length > 0 ? 2 : 0;
}
