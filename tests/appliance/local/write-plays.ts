import type { Appliance, Input } from "../../../provider/appliance/appliance.ts";
import { thisProcess } from "../../../provider/appliance/local/process-identity.ts";
import { packageOf } from "../contract-bundles.ts";
import { device, kuidOf } from "../devices.ts";

/** Stands where secrets are given. */
export const CANARY = "canary-in-a-secret-that-no-history-has";

/** Makes what must be there before, and gives the one call that is meant. */
export type Play = (appliance: Appliance) => Promise<() => Promise<unknown>>;

/** A call that needs nothing before it. */
export const call =
  (work: (appliance: Appliance) => Promise<unknown>): Play =>
  async (appliance) =>
  () =>
    work(appliance);

/** A configuration whose runs log in with a secret. */
export const scheduled: Input<"saveConfiguration"> = {
  id: "config-1",
  name: "fleet",
  description: { targets: "10.0.0.1", schedule: { every: "day", at: "02:30", timezone: "Europe/Berlin" } },
  runInputs: JSON.stringify({ linux: { password: CANARY } }),
};

/** A run that goes on. */
export const begun = async (appliance: Appliance, kind: Input<"startRun">["kind"] = "up") => {
  await appliance.saveConfiguration(scheduled);
  return appliance.startRun({ configurationId: "config-1", kind, holder: "ann@ci-7" });
};

/** Of a run of no machines. */
export const SUMMARY = {
  ...{ total: 0, succeeded: 0, unchanged: 0, removed: 0, absent: 0, unreachable: 0, failed: 0, notAttempted: 0 },
  percentSucceeded: 100,
};

/** A bundle of one package. */
export async function bundled(appliance: Appliance, loaded = true) {
  return appliance.saveBundle({ ...(await packed(appliance)), loaded });
}

/** A bundle as it is saved, whose package is here. */
export async function packed(appliance: Appliance): Promise<Input<"saveBundle">> {
  const { content, file } = packageOf("1.5.0");
  await appliance.putPackage(file.sha256, file.sizeBytes, bytesOf(content));
  return { name: "agents", version: "1.5.0", flavour: "reference", packages: [file] };
}

/** The content of a package, as it is put. */
export async function* bytesOf(content: Buffer): AsyncGenerator<Uint8Array> {
  yield content;
}

/** Something that came from the source of updates. */
export async function download(appliance: Appliance) {
  return appliance.saveDownload({ ...(await packed(appliance)), fileName: "agents.kbin", sha256: "0".repeat(64) });
}

/** A server with an authority of its own. */
export const published: Input<"publishServer"> = {
  ...{ instanceId: "instance-1", name: "localhost", port: 8443, canonicalNames: ["localhost"], version: "1.0.0" },
  makesAuthorities: true,
  authorities: [authority("present")],
  process: thisProcess(),
};

/** An authority that it announces. */
export function authority(use: "present" | "next"): NonNullable<Input<"publishServer">["authorities"]>[number] {
  const expiresAt = "2037-03-01T00:00:00Z";
  return { use, name: `the ${use} one`, sha256: (use === "next" ? "b" : "a").repeat(64), expiresAt };
}

/** An approved device that is connected to a server. */
export async function connected(appliance: Appliance): Promise<string> {
  const { value } = await appliance.createToken({ name: "berlin" });
  await appliance.publishServer(published);
  await appliance.enrolDevice(device(1, { token: value }));
  const can: Input<"deviceConnected">["can"] = ["tasks", "self-update"];
  await appliance.deviceConnected({ kuid: kuidOf(1), connectionId: "connection-1", instanceId: "instance-1", can });
  return kuidOf(1);
}

/** A script that holds a secret. */
export const script: Input<"queueTasks"> = {
  kuids: [kuidOf(1)],
  type: "script",
  payload: { script: `echo ${CANARY}` },
};

/** A host key that is pinned. */
export function pin(of: Appliance) {
  return of.pinHostKey({ host: "web1", port: 22, type: "ssh-ed25519", key: "AAAA", fingerprint: "SHA256:web1" });
}

/** A decision about a device that has not come yet. */
export function decide(of: Appliance) {
  return of.saveQuarantineDecision({ name: "no strangers", verdict: "block", kuid: kuidOf(9) });
}
