import type { ApplianceAccess } from "../../appliance/access.ts";
import type { Context } from "../../kit/define/call.ts";
import { foundOrGone } from "../found-or-gone.ts";
import { recordedInputs } from "./record.ts";

/**
 * Says in the preview of a configuration that leaves one organization for another what its replacement does first: the
 * engine deletes the old one before it makes the new one, and tells a preview of the new one only.
 *
 * @param organization the one that it goes to
 */
export async function sayMove(
  id: string,
  organization: string,
  { client, log }: Pick<Context<ApplianceAccess>, "client" | "log">,
): Promise<void> {
  const there = await client.read((appliance) => foundOrGone(appliance.getConfiguration({ id })));
  if (there === undefined || there.organization === organization) return;
  const old = recordedInputs(there.description.inputs);
  const first =
    old?.onDestroy === "abandon"
      ? "agents stay on its machines meanwhile"
      : "which removes the agents from its machines, so that all are installed anew; the table shows the machines as they are before that. `onDestroy: abandon`, in an update of its own, keeps them";
  const devices = old?.removeDevices === true ? "" : `. Devices stay in "${there.organization}"`;
  log.warn(
    `organization: the configuration leaves "${there.organization}" for "${organization}": it is destroyed there first, ${first}${devices}`,
  );
}
