import * as z from "zod";
import type { Appliance } from "../appliance/appliance.ts";
import { kuid } from "../appliance/operations/device-words.ts";
import type { Device } from "../appliance/operations/devices.ts";
import { ProviderError } from "../kit/define/errors.ts";

/** The argument `machine` of functions that may be asked for what is one machine's. */
export function machineArgument() {
  return z.string().min(1).max(255).optional().meta({
    description:
      "Only those of this machine, by host name (in any case, with its domain or without) or KUID. Where several devices have that host name, as after a machine was set up anew, those of all of them.",
  });
}

/**
 * The KUIDs of a machine's devices, in whatever state: the one that is said, or all that have a host name. Undefined
 * where no machine is said.
 *
 * @throws ProviderError `not-found` where nobody is called so, `invalid-input` for a short name of several host names
 * @example await devicesCalled(appliance, "web01") // ["4f0c…"]
 */
export async function devicesCalled(appliance: Appliance, name: string | undefined): Promise<string[] | undefined> {
  if (name === undefined) return undefined;
  const found = await called(appliance, name);
  if (found.length === 0)
    throw new ProviderError({
      code: "not-found",
      path: ["machine"],
      message: `there is no device ${name}`,
      hint: "`kace devices list` shows those there are",
    });
  const exact = found.filter(({ hostname }) => plain(hostname) === plain(name));
  const meant = exact.length > 0 ? exact : found;
  if (new Set(meant.map(({ hostname }) => plain(hostname))).size > 1)
    throw new ProviderError({
      code: "invalid-input",
      path: ["machine"],
      message: `${meant.length} devices are called ${name}`,
      hint: `say which one: ${meant.map(({ hostname, kuid: id }) => `${hostname} (${id})`).join(", ")}`,
    });
  return meant.map(({ kuid: id }) => id);
}

async function called(appliance: Appliance, name: string): Promise<Device[]> {
  const byKuid = kuid.safeParse(name).success ? (await appliance.findDevices({ kuids: [name] })).devices : [];
  return byKuid.length > 0 ? byKuid : (await appliance.findDevices({ names: [name], limit: 1_000 })).devices;
}

function plain(name: string): string {
  return name.toLowerCase().replace(/\.$/, "");
}
