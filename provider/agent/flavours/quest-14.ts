import type { Generation } from "../generation.ts";
import { quest8To13 } from "./quest-8-13.ts";

/** The vendor's agent of today: on Linux in the places of the generation before. */
export const quest14: Generation = {
  name: "quest-14",
  versions: { from: "14.0" },
  linux: quest8To13.linux,
  versionRules: [
    {
      to: "14.1",
      from: [{ version: "11.0", orNewer: true }],
      why: "14.1 and newer follow 11.0 or newer",
    },
  ],
  support: [],
};
