import type { HostSpec } from "../../examples/lab/lab.ts";

/** As many machines as a laptop carries without noticing: each with its systemd is about 20 MB. */
const COUNT = 12;

/** The machines of the demo: Debian and RPM families, root by key, as the quickstart expects it. */
export function demoHosts(): HostSpec[] {
  return Array.from({ length: COUNT }, (_, index): HostSpec => {
    const name = `web${String(index + 1).padStart(2, "0")}`;
    return { name, kind: "systemd", family: index % 3 === 2 ? "rpm" : "debian" };
  });
}
