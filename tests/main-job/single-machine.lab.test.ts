import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ref } from "../e2e/project.ts";
import { VERSION } from "./ground.ts";
import { Site, secret } from "./site.ts";

const PASSWORD = "the password of ops";

let site: Site;

beforeAll(async () => {
  site = await Site.up({
    prefix: "single",
    hosts: [
      { name: "byroot", kind: "systemd" },
      {
        name: "byuser",
        kind: "systemd",
        family: "rpm",
        users: [{ name: "ops", password: PASSWORD, sudo: "password" }],
      },
    ],
  });
});

afterAll(async () => {
  await site?.down();
});

/** The seed's simple form: a machine, a log-in, and what to do. */
async function writeProgram(action: "install" | "remove"): Promise<void> {
  const common = { action, bundle: ref("agents.id"), token: ref("token.value") };
  const component = (properties: Record<string, unknown>) => ({
    type: "kace:SingleMachineProvisioning",
    properties: { ...common, ...properties },
  });
  const program = site.program({
    one: component({
      target: site.host("byroot").address,
      privateKey: secret(site.lab.keys.ed25519.privateKey),
    }),
    other: component({ target: site.host("byuser").address, username: "ops", password: secret(PASSWORD) }),
  });
  const outputs = { one: ref("one.result"), other: ref("other.result"), name: ref("one.configurationName") };
  await site.write({ ...program, outputs });
}

async function outputs(): Promise<unknown> {
  return JSON.parse((await site.run(["stack", "output", "--json"])).stdout);
}

describe("a single machine, by the simple form", () => {
  test("gets its agent; who is not root becomes it by sudo", async () => {
    await writeProgram("install");
    await site.up();
    const name = `Simple Provisioning - ${site.host("byroot").address}`;
    expect(await outputs()).toEqual({ one: "installed", other: "installed", name });
    expect(await site.resultOf("byroot", "one")).toMatchObject({ class: "succeeded", version: VERSION });
    const { output } = await site.kace(["config", "list"]);
    expect(output).toContain(name);
  });

  test("needs nothing more then", async () => {
    expect(await site.plan()).toEqual({});
    await site.up("--expect-no-changes");
  });

  test("loses its agent again when the program says so", async () => {
    await writeProgram("remove");
    await site.up();
    expect(await outputs()).toMatchObject({ one: "removed", other: "removed" });
    const { exitCode, output } = await site.kace(["diagnose", site.host("byroot").address]);
    expect(output).toMatch(/^service +right +the configuration Simple Provisioning - .* removed the agent of /m);
    expect(exitCode).toBe(0);
    for (const host of site.lab.hosts) expect(await host.exists("/opt/kace-reference"), host.name).toBe(false);
    await site.destroy();
  });
});
