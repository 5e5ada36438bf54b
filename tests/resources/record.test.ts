import { describe, expect, it } from "vitest";
import { inputs as inputsSchema } from "../../provider/resources/provisioning/inputs.ts";
import { configurationRecord, recordedInputs, targetsText } from "../../provider/resources/provisioning/record.ts";
import { provisioningConfig } from "../../provider/resources/provisioning-config.ts";

const CANARIES = ["password-canary", "key-canary", "passphrase-canary", "become-canary", "token-canary", "jump-canary"];

const inputs = inputsSchema.parse({
  name: "berlin",
  targets: { ipRanges: ["192.168.2-5.1-200"], hostnames: "web[01-20]", exclude: ["192.168.2.1"] },
  server: { name: "kbox.example" },
  agent: { bundle: "bundle-1", token: "token-canary", version: "14.1.19" },
  linux: {
    username: "deploy",
    password: "password-canary",
    privateKey: "key-canary",
    passphrase: "passphrase-canary",
    become: { method: "sudo", password: "become-canary" },
    jumpHosts: [{ host: "jump", password: "jump-canary" }],
  },
});

const content = {
  id: "config-1",
  urn: "urn:pulumi:s::p::kace:index:ProvisioningConfig::berlin",
  name: "berlin",
  inputs,
  ground: { bundle: undefined, server: { host: "kbox.example", port: 443 } },
  shape: provisioningConfig.descriptor.inputs,
  limits: { maxConcurrency: undefined },
};

describe("what an appliance keeps of a configuration", () => {
  it("shows what lists need, and holds nothing that somebody could log in or enrol with", () => {
    const record = configurationRecord(content);
    expect(record).toMatchObject({
      id: "config-1",
      name: "berlin",
      description: {
        targets: "web[01-20], 192.168.2-5.1-200, not 192.168.2.1",
        enabled: true,
        state: "present",
        version: "14.1.19",
        bundle: "bundle-1",
        server: "kbox.example:443",
      },
    });
    expect(record.token).toBe("token-canary");
    for (const canary of CANARIES) expect(JSON.stringify(record.description)).not.toContain(canary);
  });

  it("says when it runs by itself, and hands over what runs need to be encrypted", () => {
    const schedule = { every: "day", at: "02:30" };
    const record = configurationRecord({ ...content, inputs: { ...inputs, schedule } });
    expect(record.description.schedule).toEqual(schedule);
    expect(recordedInputs(record.description.inputs)?.schedule).toEqual(schedule);
    for (const canary of CANARIES) {
      expect(JSON.stringify(record.description)).not.toContain(canary);
      expect(record.runInputs).toContain(canary);
    }
  });

  it("gives an import its inputs back, credentials apart", () => {
    const { description } = configurationRecord(content);
    const read = recordedInputs(description.inputs);
    expect(read).toMatchObject({
      targets: { ipRanges: ["192.168.2-5.1-200"], hostnames: "web[01-20]", exclude: ["192.168.2.1"] },
      server: { name: "kbox.example" },
      agent: { bundle: "bundle-1", version: "14.1.19" },
      linux: { username: "deploy", become: { method: "sudo" }, jumpHosts: [{ host: "jump" }] },
    });
    expect(read?.agent?.token).toBeUndefined();
    expect(recordedInputs(undefined)).toBeUndefined();
    expect(recordedInputs('{"targets":5}')).toBeUndefined();
  });

  it("says that agents are removed where the platform's own section says so", () => {
    const linux = { ...inputs.linux, state: "removed" as const, jumpHosts: [] };
    const { description } = configurationRecord({
      ...content,
      inputs: inputsSchema.parse({ ...inputs, linux }),
    });
    expect(description.state).toBe("removed");
  });

  it("cuts a long list of targets short, for people", () => {
    const text = targetsText({ hostnames: Array.from({ length: 1_000 }, (_, index) => `web${index}`) });
    expect(text).toHaveLength(2_000);
    expect(text.endsWith("…")).toBe(true);
  });
});
