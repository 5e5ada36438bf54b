import type { Command } from "commander";
import { everyPage } from "../../appliance/every-page.ts";
import type { Device } from "../../appliance/operations/devices.ts";
import {
  MAX_DELETED_AT_ONCE,
  MAX_KEEP_SECONDS,
  type MessageType,
  type QueuedMessage,
} from "../../appliance/operations/messages.ts";
import { batches } from "../../appliance/remote/batches.ts";
import { shellWord } from "../../appliance/shell-word.ts";
import { inOptions } from "../input-faults.ts";
import { secondsOf } from "../lengths-of-time.ts";
import { type Column, printList } from "../output.ts";
import { CommandError, type CommandSession, type ExitCode, UsageError } from "../session.ts";
import { deviceOf } from "./devices.ts";
import { type Recipients, recipientsOf } from "./recipients.ts";

const COLUMNS: readonly Column<QueuedMessage>[] = [
  ["machine", ({ machine }) => machine],
  ["type", ({ type }) => type],
  ["id", ({ id }) => id],
  ["source", ({ sourceId }) => sourceId],
  ["payload", ({ payload }) => (payload === "" ? undefined : payload)],
  ["expires", ({ expiresAt }) => expiresAt],
  ["status", ({ status, note }) => (note === undefined ? status : `${status} (${note})`)],
];

/** Adds `kace checkin`, `kace alert` and `kace queue` (seed A24, A26). */
export function addQueueCommands(
  program: Command,
  session: () => CommandSession,
  finish: (code: ExitCode) => void,
): void {
  program
    .command("checkin [machine...]")
    .description("Lets agents check in now, outside their schedule; exit code 3 if one of them is not connected.")
    .option("--all", "all that are connected")
    .action(async (machine: string[], { all }: { all?: boolean }) =>
      finish(await checkIn(session(), { machine, ...(all !== undefined && { all }) })),
    );

  const alert = program.command("alert").description("Texts for the people at the machines.");
  alert
    .command("send <text>")
    .description("Shows a text on the terminals of machines; those that are not connected show it when they are.")
    .option("--machine <machine...>", "on these, by host name or KUID")
    .option("--all", "on all of them")
    .option(
      "--expires <duration>",
      "how long it waits for machines that are not connected",
      secondsOf(MAX_KEEP_SECONDS, "30d"),
    )
    .action(async (text: string, options: Recipients & { expires?: number }) =>
      finish(await sendAlert(session(), text, options)),
    );

  const queue = program.command("queue").description("Messages that wait for agents, and what became of them.");
  queue
    .command("list")
    .description("All of them, oldest first; what waits for a machine is shown while it is connected, alerts always.")
    .option("--machine <machine>", "of one machine, by host name or KUID")
    .action(async ({ machine }: { machine?: string }) => finish(await listQueue(session(), machine)));
  queue
    .command("delete [id...]")
    .description("Takes messages out of the queue.")
    .option("--all", "all of them")
    .action(async (ids: string[], { all }: { all?: boolean }) => finish(await deleteFromQueue(session(), ids, all)));
}

interface Order {
  readonly type: MessageType;
  readonly payload?: string;
  readonly expiresInSeconds?: number | undefined;
}

async function send(session: CommandSession, devices: readonly Device[], order: Order) {
  if (devices.length === 0)
    throw new CommandError("no agent is connected", "`kace devices list` shows when each was seen last");
  return inOptions({ payload: "the text", expiresInSeconds: "--expires" }, () =>
    session.write((appliance) => appliance.sendMessage({ kuids: devices.map(({ kuid }) => kuid), ...order })),
  );
}

async function checkIn(session: CommandSession, recipients: Recipients): Promise<ExitCode> {
  const found = await recipientsOf(session, recipients);
  const devices = recipients.all === true ? found.filter(({ connected }) => connected) : found;
  const { messages, notConnected } = await send(session, devices, { type: "check-in" });
  if (session.json) session.terminal.out(JSON.stringify({ messages, notConnected }, undefined, 2));
  else session.terminal.err(`asked ${messages === 1 ? "1 agent" : `${messages} agents`} to check in`);
  const names = devices.filter(({ kuid }) => notConnected.includes(kuid)).map(({ hostname }) => hostname);
  const [first, second] = names;
  if (first === undefined) return 0;
  const machine = second === undefined ? shellWord(first) : "<machine>";
  session.terminal.err(`not connected: ${names.join(", ")}; \`kace diagnose ${machine}\` finds out why`);
  return 3;
}

async function sendAlert(
  session: CommandSession,
  payload: string,
  { expires, ...recipients }: Recipients & { readonly expires?: number },
): Promise<ExitCode> {
  const devices = await recipientsOf(session, recipients);
  const { messages, sourceId } = await send(session, devices, { type: "alert", payload, expiresInSeconds: expires });
  if (session.json) session.terminal.out(JSON.stringify({ messages, sourceId }, undefined, 2));
  else session.terminal.err(`an alert for ${messages === 1 ? "1 machine" : `${messages} machines`} is in the queue`);
  return 0;
}

async function listQueue(session: CommandSession, machine: string | undefined): Promise<ExitCode> {
  const device = machine === undefined ? undefined : await deviceOf(session, machine);
  const messages = await session.read((appliance) =>
    everyPage(async (after) => {
      const { messages: items, next } = await appliance.listMessages({ kuid: device?.kuid, limit: 1_000, after });
      return { items, next };
    }),
  );
  printList(session.terminal, session.json, messages, COLUMNS, "the queue is empty");
  return 0;
}

async function deleteFromQueue(session: CommandSession, ids: readonly string[], all = false): Promise<ExitCode> {
  if (all === ids.length > 0) throw new UsageError("which messages?", "give their ids, or say --all");
  const named = [...new Set(ids)];
  const deleted = await session.write(async (appliance) => {
    if (all) return (await appliance.deleteMessages({})).deleted;
    let count = 0;
    for (const portion of batches(named, MAX_DELETED_AT_ONCE, () => 1))
      count += (await appliance.deleteMessages({ ids: portion })).deleted;
    return count;
  });
  session.terminal.err(deleted === 1 ? "took 1 message out" : `took ${deleted} messages out`);
  const missing = all ? 0 : named.length - deleted;
  if (missing === 0) return 0;
  session.terminal.err(
    `${missing} of these ${missing === 1 ? "is" : "are"} not in it: \`kace queue list\` shows what is`,
  );
  return 2;
}
