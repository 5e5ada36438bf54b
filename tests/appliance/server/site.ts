import { createHash } from "node:crypto";
import type { Appliance, Input } from "../../../provider/appliance/appliance.ts";

/** The identities of one of everything in an organization. */
export interface Site {
  readonly organization: string;
  /** Every identity there is, by what it is of. */
  readonly ids: Readonly<Record<"token" | "bundle" | "configuration" | "run" | "device" | "apiToken", string>>;
  readonly tokenValue: string;
  readonly sha256: string;
}

const SUMMARY: Input<"finishRun">["summary"] = {
  total: 1,
  succeeded: 1,
  unchanged: 0,
  removed: 0,
  absent: 0,
  unreachable: 0,
  failed: 0,
  notAttempted: 0,
  percentSucceeded: 100,
};

async function* once(content: Buffer): AsyncGenerator<Uint8Array> {
  yield content;
}

/** Makes an organization with one of everything in it; two of them differ in every identity. */
export async function makeSite(appliance: Appliance, organization: string, number: number): Promise<Site> {
  await appliance.createOrganization({ name: organization });
  const token = await appliance.createToken({ organization, name: `token of ${organization}` });
  const content = Buffer.from(`the package of ${organization}`);
  const sha256 = createHash("sha256").update(content).digest("hex");
  await appliance.putPackage(sha256, content.length, once(content));
  const bundle = await appliance.saveBundle({
    organization,
    name: `bundle of ${organization}`,
    version: "1.0.0",
    flavour: "reference",
    packages: [
      {
        fileName: `${organization}.deb`,
        platform: "linux",
        architecture: "amd64",
        format: "deb",
        version: "1.0.0",
        sha256,
        sizeBytes: content.length,
      },
    ],
  });
  const configuration = await appliance.saveConfiguration({
    organization,
    id: `configuration-of-${organization}`,
    name: `configuration of ${organization}`,
    description: { targets: `host-of-${organization}` },
  });
  const run = await appliance.startRun({ configurationId: configuration.id, kind: "up", holder: organization });
  await appliance.recordOutcomes({
    runId: run.runId,
    outcomes: [
      {
        machine: `host-of-${organization}`,
        target: organization,
        action: "install",
        class: "succeeded",
        code: "installed",
        message: organization,
        durationMs: 1,
        log: `the log of ${organization}`,
      },
    ],
  });
  await appliance.finishRun({ runId: run.runId, summary: SUMMARY });
  const kuid = `00000000-0000-4000-8000-${String(number).padStart(12, "0")}`;
  await appliance.enrolDevice({
    kuid,
    publicKey: createHash("sha256").update(organization).digest("base64url"),
    hostname: `host-of-${organization}`,
    agentVersion: "1.4.2",
    flavour: "reference",
    os: { platform: "linux", id: "debian", version: "12", name: "Debian GNU/Linux 12", architecture: "amd64" },
    machineId: "",
    addresses: [],
    macs: [],
    token: token.value,
  });
  await appliance.pinHostKey({
    organization,
    host: `host-of-${organization}`,
    port: 22,
    type: "ssh-ed25519",
    key: `key+of+${organization}`,
    fingerprint: `SHA256:${organization}`,
  });
  const apiToken = await appliance.createApiToken({ name: `api token of ${organization}`, organization });
  return {
    organization,
    ids: {
      token: token.id,
      bundle: bundle.id,
      configuration: configuration.id,
      run: run.runId,
      device: kuid,
      apiToken: apiToken.id,
    },
    tokenValue: token.value,
    sha256,
  };
}

/** Identities of the same form that nothing has. */
export function phantomOf(site: Site): Site {
  const changed = (id: string) => id.replaceAll(/[0-9a-f](?=[0-9a-f]{0,7}$)/g, "e").replace(/of-\w+$/, "of-nowhere");
  return {
    organization: "nowhere",
    ids: {
      token: changed(site.ids.token),
      bundle: changed(site.ids.bundle),
      configuration: changed(site.ids.configuration),
      run: changed(site.ids.run),
      device: changed(site.ids.device),
      apiToken: changed(site.ids.apiToken),
    },
    tokenValue: "A".repeat(site.tokenValue.length),
    sha256: "e".repeat(64),
  };
}

/** What fields of the API's inputs are called that name things of an organization; `id` is of many kinds. */
export function valuesOf(site: Site, id: string): Readonly<Record<string, unknown>> {
  return {
    organization: site.organization,
    id,
    configurationId: site.ids.configuration,
    runId: site.ids.run,
    kuid: site.ids.device,
    kuids: [site.ids.device],
    tokenId: site.ids.token,
    subject: `token:${site.ids.token}`,
    value: site.tokenValue,
    sha256: site.sha256,
    machine: `host-of-${site.organization}`,
    host: `host-of-${site.organization}`,
    hosts: [`host-of-${site.organization}`],
  };
}
