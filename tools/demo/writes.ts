import type { LabHost } from "../../examples/lab/lab.ts";

/** Where an installation writes, without what a running agent and the system itself keep writing. */
const FIND = [
  "find /etc /opt /usr /var/lib -xdev",
  "-not -path '/var/lib/kace-reference*' -not -path '/var/lib/systemd/*'",
  "-newercm /run/demo-mark -print",
].join(" ");

/** Remembers this moment on a machine. */
export async function markMoment(host: LabHost): Promise<void> {
  await host.run(["touch", "/run/demo-mark"]);
}

/** The files and folders of a machine that were written since the moment that was marked. */
export async function writtenSince(host: LabHost): Promise<string[]> {
  return (await host.run(["sh", "-c", FIND])).split("\n").filter((line) => line !== "");
}
