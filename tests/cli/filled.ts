import { createHash } from "node:crypto";
import { type LocalAppliance, openLocal } from "../../provider/appliance/local/local.ts";
import type { NewOutcome } from "../../provider/appliance/operations/outcomes.ts";

export const KUIDS = {
  web01: "00000000-0000-4000-8000-000000000001",
  web02: "00000000-0000-4000-8000-000000000002",
} as const;

export const TOKEN_VALUE = "token-value-canary-0001";

const ended: NewOutcome = {
  machine: "web01",
  target: "web[01-03]",
  address: "10.0.0.1",
  platform: "linux",
  action: "install",
  class: "succeeded",
  code: "installed",
  message: "installed and connected",
  version: "1.4.2",
  server: "kbox:8443",
  kuid: KUIDS.web01,
  durationMs: 1_200,
  log: "[install] unpacking\n[verify] connected",
};

const summary = {
  total: 3,
  succeeded: 1,
  unchanged: 0,
  removed: 0,
  absent: 1,
  unreachable: 1,
  failed: 0,
  notAttempted: 0,
  percentSucceeded: 50,
};

function device(name: keyof typeof KUIDS, token?: string) {
  return {
    kuid: KUIDS[name],
    publicKey: createHash("sha256").update(name).digest("base64url"),
    hostname: `${name}.corp.example`,
    agentVersion: "1.4.2",
    flavour: "reference",
    os: { platform: "linux", id: "debian", version: "12", name: "Debian GNU/Linux 12", architecture: "amd64" },
    machineId: "",
    addresses: ["10.0.0.1"],
    macs: [],
    ...(token !== undefined && { token }),
  };
}

/**
 * An appliance after its first rollout: two devices, one of them in quarantine, a token, a pinned host key, and a
 * configuration whose last run could not reach one of its machines.
 */
export async function fill(folder: string): Promise<void> {
  const appliance: LocalAppliance = await openLocal({ folder });
  await appliance.createToken({ name: "berlin", value: TOKEN_VALUE, useLimit: 500 });
  await appliance.enrolDevice(device("web01", TOKEN_VALUE));
  await appliance.enrolDevice(device("web02"));
  await appliance.pinHostKey({
    host: "web01",
    port: 22,
    type: "ssh-ed25519",
    key: "AAAAC3NzaC1lZDI1NTE5AAAAIGf9",
    fingerprint: "SHA256:abcdefgh",
  });
  await appliance.saveConfiguration({ id: "config-1", name: "fleet", description: { targets: "web[01-03]" } });
  const { runId } = await appliance.startRun({ configurationId: "config-1", kind: "up", total: 3, holder: "a test" });
  const { log: _none, kuid: _other, ...ofAnother } = ended;
  await appliance.recordOutcomes({
    runId,
    outcomes: [
      ended,
      {
        ...ofAnother,
        machine: "web02",
        address: "10.0.0.2",
        action: "none",
        class: "unreachable",
        code: "port-closed",
        message: "nothing listens on port 22\u001b[31m",
      },
    ],
  });
  await appliance.finishRun({ runId, summary });
  await appliance.close();
}
