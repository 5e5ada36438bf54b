import type { Generation } from "../generation.ts";

/** The vendor's agent since it is Quest's, while its Windows programs had 32 bits. */
export const quest8To13: Generation = {
  name: "quest-8-13",
  versions: { from: "8.0", before: "14.0" },
  linux: {
    programDirectory: "/opt/quest/kace",
    dataDirectory: "/var/quest/kace",
    services: ["konea"],
    ports: [443],
  },
  versionRules: [],
  support: [],
};
