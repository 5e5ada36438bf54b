import * as z from "zod";
import { linuxAccess } from "../../rollout/linux-access.ts";

/** How Linux machines are reached, and what is particular to them. */
export const linux = z
  .object({
    ...linuxAccess,
    state: z
      .enum(["present", "removed"])
      .optional()
      .meta({
        description: "Overrides `state` for Linux machines.",
        typeName: "AgentPresence",
        valueDescriptions: { present: "Installed, enrolled and running.", removed: "Not there." },
      }),
    removeDataDirectory: z
      .boolean()
      .optional()
      .meta({ description: "Overrides `removeDataDirectory` for Linux machines." }),
  })
  .meta({ typeName: "LinuxPlatform", description: "Linux machines: how they are reached over SSH." });
