import type { Generation } from "../generation.ts";
import { TABLE_4_1 } from "../support-tables.ts";

/**
 * The vendor's agent of the years in which it was Dell's. Its directories begin with 5.2; 5.0 and 5.1 are of it by their
 * rules only, and not found on a machine. The names on Linux follow those of the other platforms.
 */
export const dell5To7: Generation = {
  name: "dell-5-7",
  versions: { from: "5.0", before: "8.0" },
  linux: {
    programDirectory: "/opt/dell/kace",
    dataDirectory: "/var/dell/kace",
    services: ["konea", "AMPAgent"],
    ports: [443, 52_230],
  },
  versionRules: [
    {
      to: "5.4",
      from: [
        { version: "5.1", orNewer: false },
        { version: "5.3", orNewer: false },
      ],
      why: "5.4 and newer follow 5.1 or 5.3 only",
    },
  ],
  support: [TABLE_4_1],
};
