import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type * as z from "zod";
import type { LocalAppliance } from "../../provider/appliance/local/local.ts";
import { checkProvisioning } from "../../provider/resources/provisioning/check.ts";
import { type Inputs, inputs as inputsSchema } from "../../provider/resources/provisioning/inputs.ts";
import { configurationRecord } from "../../provider/resources/provisioning/record.ts";
import { readRunInputs, runInputsOf } from "../../provider/resources/provisioning/run-inputs.ts";
import { keepCredentials, keptSchedule, scheduleWarning } from "../../provider/resources/provisioning/schedule.ts";
import { provisioningConfig } from "../../provider/resources/provisioning-config.ts";
import { newFolder, openedIn } from "../appliance/local/folders.ts";

const SECRETS = ["password-canary-1", "key-canary-2", "become-canary-3", "token-canary-4", "jump-canary-5"];
const [password = "", privateKey = "", becomePassword = "", token = "", jumpPassword = ""] = SECRETS;

function given(more: Partial<z.input<typeof inputsSchema>> = {}): Inputs {
  return inputsSchema.parse({
    targets: { ips: ["10.0.0.1"] },
    agent: { bundle: "bundle-1", token },
    linux: {
      password,
      privateKey,
      agentSocket: "/run/agent.socket",
      become: { method: "sudo", password: becomePassword },
      jumpHosts: [{ host: "jump", password: jumpPassword, agentSocket: "/run/other.socket" }],
    },
    schedule: { every: "day", at: "02:30", timezone: "Europe/Berlin" },
    ...more,
  });
}

const shape = provisioningConfig.descriptor.inputs;
const limits = { maxConcurrency: 7 };
const content = (inputs: Inputs) => ({ id: "config-1", urn: "urn:c", name: "fleet", inputs, shape, limits });
const ground = { bundle: undefined, server: { host: "kbox.example", port: 443 } };

async function saved(appliance: LocalAppliance, inputs: Inputs): Promise<void> {
  await appliance.saveConfiguration(configurationRecord({ ...content(inputs), ground }));
}

describe("what a schedule asks of a configuration", () => {
  const agentOnly = { agentSocket: "/run/agent.socket" };

  it.each<[string, Partial<z.input<typeof inputsSchema>>, string[]]>([
    ["a password", { linux: { password } }, []],
    ["an agent besides a password", { linux: { ...agentOnly, password } }, []],
    ["an ssh agent alone", { linux: agentOnly }, ["linux.agentSocket"]],
    [
      "an ssh agent alone on the way",
      {
        linux: {
          password,
          jumpHosts: [
            { host: "a", password },
            { host: "b", ...agentOnly },
          ],
        },
      },
      ["linux.jumpHosts.1.agentSocket"],
    ],
    ["an ssh agent alone, without a schedule", { linux: agentOnly, schedule: undefined }, []],
  ])("%s", async (_, more, expected) => {
    const findings = await checkProvisioning(given(more));
    const failures = findings.filter(({ severity }) => severity !== "warning");
    expect(failures.map(({ path }) => path.join("."))).toEqual(expected);
    for (const { reason } of failures) expect(reason).toContain("an ssh agent cannot serve a `schedule`");
  });

  it("is judged where it stands in the inputs", () => {
    const wrong = inputsSchema.safeParse({
      targets: { ips: ["10.0.0.1"] },
      schedule: { every: "february", day: 31, at: "1:00" },
    });
    expect(wrong.error?.issues).toMatchObject([
      { path: ["schedule", "day"], message: expect.stringContaining("there is never a 31 February") },
    ]);
  });
});

describe("what the appliance keeps of a configuration with a schedule", () => {
  it("is all that a run needs, but for ssh agents, which are gone by then", () => {
    const text = runInputsOf({ inputs: given(), limits }) ?? "";
    for (const secret of SECRETS) expect(text).toContain(secret);
    const read = readRunInputs(text);
    const { linux, ...rest } = given();
    expect(read.inputs).toEqual({
      ...rest,
      linux: { ...linux, agentSocket: undefined, jumpHosts: [{ ...linux?.jumpHosts[0], agentSocket: undefined }] },
    });
    expect(runInputsOf({ inputs: given({ schedule: undefined }), limits })).toBeUndefined();
  });

  it("is also the provider's own limit, where it has one; what was kept before had none", () => {
    expect(readRunInputs(runInputsOf({ inputs: given(), limits }) ?? "").limits).toEqual({ maxConcurrency: 7 });
    const none = runInputsOf({ inputs: given(), limits: { maxConcurrency: undefined } }) ?? "";
    expect(readRunInputs(none).limits.maxConcurrency).toBeUndefined();
    const { provider: _none, ...before } = JSON.parse(none);
    expect(readRunInputs(JSON.stringify(before))).toEqual(readRunInputs(none));
  });

  it("is refused without a word of it where another version wrote it", () => {
    const foreign = JSON.stringify({ linux: { password } });
    expect(() => readRunInputs(foreign)).toThrow("of another version");
    expect(() => readRunInputs(foreign)).not.toThrow(password);
  });

  it("is in none of its files in plain text, and is gone with the schedule", async () => {
    const folder = newFolder();
    const appliance = await openedIn(folder);
    await saved(appliance, given());
    expect(JSON.parse(await appliance.runInputs("config-1"))).toMatchObject({ linux: { password } });
    const found = () =>
      readdirSync(folder, { recursive: true, encoding: "utf8" })
        .map((name) => join(folder, name))
        .filter((path) => statSync(path).isFile())
        .filter((path) => SECRETS.some((secret) => readFileSync(path).includes(secret)));
    expect(found()).toEqual([]);
    await saved(appliance, given({ schedule: undefined }));
    await expect(appliance.runInputs("config-1")).rejects.toThrow("has no schedule");
    await appliance.close();
    expect(found()).toEqual([]);
  });

  it("is changed with a credential, without an edit to be seen", async () => {
    const appliance = await openedIn(newFolder());
    await saved(appliance, given());
    const before = await appliance.getConfiguration({ id: "config-1" });
    await keepCredentials(content(given({ linux: { password: "another" } })), appliance);
    expect(JSON.parse(await appliance.runInputs("config-1"))).toMatchObject({ linux: { password: "another" } });
    expect(readRunInputs(await appliance.runInputs("config-1")).limits).toEqual(limits);
    expect((await appliance.getConfiguration({ id: "config-1" })).description.server).toBe(before.description.server);
  });

  it("knows which token a configuration brings now, also without a schedule", async () => {
    const appliance = await openedIn(newFolder());
    const unscheduled = (value?: string) => given({ schedule: undefined, agent: { bundle: "bundle-1", token: value } });
    await saved(appliance, unscheduled());
    const { updatedAt } = await appliance.getConfiguration({ id: "config-1" });
    const { id, value } = await appliance.createToken({ name: "own" });
    await keepCredentials(content(unscheduled(value)), appliance);
    expect((await appliance.getConfiguration({ id: "config-1" })).updatedAt).toBe(updatedAt);
    await expect(appliance.deleteToken({ id })).rejects.toThrow('it is used by configuration "fleet"');
    await keepCredentials(content(unscheduled("of another appliance")), appliance);
    expect(await appliance.deleteToken({ id })).toEqual({ deleted: true });
  });

  it("is missed by a refresh where the store was lost", async () => {
    const appliance = await openedIn(newFolder());
    const inputs = given();
    expect(await keptSchedule("config-1", inputs, appliance)).toEqual({ schedule: null });
    await saved(appliance, inputs);
    expect(await keptSchedule("config-1", inputs, appliance)).toEqual({ schedule: inputs.schedule });
    expect(await keptSchedule("config-1", given({ schedule: undefined }), appliance)).toEqual({});
  });

  it("is warned about where no server runs that would keep the schedule", async () => {
    const appliance = await openedIn(newFolder());
    expect(await scheduleWarning(given(), appliance)).toEqual([
      expect.stringMatching(/^schedule: no `kace serve` runs/),
    ]);
    expect(await scheduleWarning(given({ enabled: false }), appliance)).toEqual([]);
    expect(await scheduleWarning(given({ schedule: undefined }), appliance)).toEqual([]);
    await appliance.publishServer({
      instanceId: "one",
      name: "kbox",
      port: 443,
      canonicalNames: [],
      version: "0.1.0",
      process: { pid: process.pid, scope: "a test" },
    });
    expect(await scheduleWarning(given(), appliance)).toEqual([]);
  });
});
