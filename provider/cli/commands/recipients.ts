import { everyPage } from "../../appliance/every-page.ts";
import type { Device } from "../../appliance/operations/devices.ts";
import { presentOf } from "../../appliance/replaced-devices.ts";
import { shellWord } from "../../appliance/shell-word.ts";
import { CommandError, type CommandSession, UsageError } from "../session.ts";
import { deviceOf, devicesIn } from "./devices.ts";
import { labelOf } from "./labels.ts";

/** Machines as a command names them: some of them, those of labels, or all that are approved. */
export interface Recipients {
  readonly machine?: readonly string[];
  readonly label?: readonly string[];
  readonly all?: boolean;
}

/**
 * The devices that a command is about, each once.
 * @throws UsageError where it is not said which or one is not there, CommandError where there is none at all
 */
export async function recipientsOf(
  session: CommandSession,
  { machine = [], label = [], all = false }: Recipients,
): Promise<Device[]> {
  const named = machine.length + label.length > 0;
  if (all && named) throw new UsageError("name machines, or say --all: one or the other");
  if (!all && !named) throw new UsageError("which machines?", "name them, or say --all");
  const found: Device[] = [];
  if (all) found.push(...presentOf(await devicesIn(session, ["approved"])));
  for (const name of machine) found.push(await deviceOf(session, name));
  for (const name of label) found.push(...(await devicesOfLabel(session, name)));
  if (found.length > 0) return [...new Map(found.map((device) => [device.kuid, device])).values()];
  throw all ? nobodyApproved() : nobodyLabelled(label);
}

function nobodyApproved(): CommandError {
  return new CommandError("no device is approved", "`kace devices list` shows those there are, and where they stand");
}

function nobodyLabelled(labels: readonly string[]): CommandError {
  const [name = "", ...others] = labels;
  const which = others.length === 0 ? `the label ${name}` : `one of the labels ${labels.join(", ")}`;
  return new CommandError(
    `no approved device has ${which}`,
    `\`kace labels members ${shellWord(name)}\` names machines that it lists and that are none yet`,
  );
}

function devicesOfLabel(session: CommandSession, name: string): Promise<Device[]> {
  return session.read(async (appliance) => {
    const { id } = await labelOf(appliance, name);
    const members = await everyPage(async (after) => {
      const { members: items, next } = await appliance.listLabelMembers({ id, limit: 1_000, after });
      return { items, next };
    });
    if (members.length === 0) return [];
    const kuids = members.map(({ kuid }) => kuid);
    return everyPage(async (after) => {
      const { devices: items, next } = await appliance.findDevices({
        kuids,
        states: ["approved"],
        limit: 1_000,
        after,
      });
      return { items, next };
    });
  });
}
