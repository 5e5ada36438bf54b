import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import { describe, expect, it } from "vitest";
import type { LocalAppliance } from "../../provider/appliance/local/local.ts";
import { thisProcess } from "../../provider/appliance/local/process-identity.ts";
import { ProviderError } from "../../provider/kit/define/errors.ts";
import { type Ground, groundOf, requireToken } from "../../provider/resources/provisioning/ground.ts";
import { inputs as inputsSchema } from "../../provider/resources/provisioning/inputs.ts";
import { newFolder, openedIn } from "../appliance/local/folders.ts";

const SERVER = { name: "kbox.example", port: 8443, caCertificate: "PEM of its authority" };

async function startServer(appliance: LocalAppliance, canonicalNames = [SERVER.name]): Promise<void> {
  const process = thisProcess();
  await appliance.publishServer({
    instanceId: "one",
    ...SERVER,
    canonicalNames,
    version: "0.1.0",
    process,
  });
}

async function enrol(appliance: LocalAppliance, token: string): Promise<void> {
  const kuid = "00000000-0000-4000-8000-000000000001";
  await appliance.enrolDevice({
    kuid,
    publicKey: createHash("sha256").update(kuid).digest("base64url"),
    hostname: "web1",
    agentVersion: "1.4.2",
    flavour: "reference",
    os: { platform: "linux", id: "debian", version: "12", name: "Debian", architecture: "amd64" },
    machineId: "",
    addresses: [],
    macs: [],
    token,
  });
}

/** A store with a bundle and a token, and what a program says of them. */
async function site({ useLimit }: { useLimit?: number } = {}) {
  const appliance = await openedIn(newFolder());
  const bundle = await appliance.saveBundle({ name: "agents", version: "1.4.2", flavour: "reference", packages: [] });
  const token = await appliance.createToken({ name: "berlin", useLimit });
  const inputsWith = (more: object = {}) =>
    inputsSchema.parse({
      targets: { ips: ["192.0.2.1"] },
      agent: { bundle: bundle.id, token: token.value },
      linux: { username: "root", password: "canary" },
      ...more,
    });
  return { appliance, bundle, token, inputsWith };
}

async function stopOf(work: Promise<unknown>): Promise<ProviderError> {
  const thrown = await work.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (!(thrown instanceof ProviderError)) throw new Error(`expected a ProviderError, got ${String(thrown)}`);
  return thrown;
}

describe("what a rollout stands on", () => {
  it("is a bundle that is loaded: one that is only here is refused where agents are installed, and no matter to a removal", async () => {
    const { appliance, bundle, inputsWith } = await site();
    await startServer(appliance);
    await appliance.unloadBundle({ id: bundle.id });
    const stop = await stopOf(groundOf(inputsWith(), appliance));
    expect(stop.message).toContain('the bundle "agents" is on the appliance, but not loaded');
    expect(stop.hint).toContain("`kace bundle load agents`");
    expect((await groundOf(inputsWith({ state: "removed" }), appliance)).bundle?.id).toBe(bundle.id);
    await appliance.loadBundle({ version: "1.4.2" });
    expect((await groundOf(inputsWith(), appliance)).bundle?.id).toBe(bundle.id);
  });

  it("is a bundle of the configuration's own organization", async () => {
    const { appliance, bundle, inputsWith } = await site();
    await startServer(appliance);
    expect((await groundOf(inputsWith({ organization: "default" }), appliance)).bundle?.id).toBe(bundle.id);
    const stop = await stopOf(groundOf(inputsWith({ organization: "berlin" }), appliance));
    expect(stop.path).toEqual(["agent", "bundle"]);
    expect(stop.message).toContain('is of the organization "default", and the configuration of "berlin"');
    const removal = inputsWith({ organization: "berlin", state: "removed" });
    expect((await groundOf(removal, appliance)).bundle?.id).toBe(bundle.id);
  });

  it("is a token of the configuration's own organization, as agents come into that of their token", async () => {
    const { appliance, bundle, inputsWith } = await site();
    await startServer(appliance);
    await appliance.createOrganization({ name: "berlin" });
    const { value } = await appliance.createToken({ organization: "berlin", name: "site" });
    const bringing = (more: object) =>
      inputsWith({ organization: "default", agent: { bundle: bundle.id, token: value }, ...more });
    const stop = await stopOf(groundOf(bringing({}), appliance));
    expect(stop).toMatchObject({ code: "failed-precondition", path: ["agent", "token"] });
    expect(stop.message).toBe('the token "site" is of the organization "berlin", and the configuration of "default"');
    expect(stop.hint).toBe("give the `value` of an `AgentToken` with `organization: default`");
    // Nobody enrols with it where agents are removed, where machines are only looked at, or at another server.
    const canEnrol = { canEnrol: true };
    expect(await groundOf(bringing({ state: "removed" }), appliance)).toMatchObject(canEnrol);
    expect(await groundOf(bringing({}), appliance, { looksOnly: true })).toMatchObject(canEnrol);
    expect(await groundOf(bringing({ server: { name: "sma.example" } }), appliance)).toMatchObject(canEnrol);
  });

  it("is, in a preview, a token that the same update moves to the configuration's organization", async () => {
    const { appliance, bundle, inputsWith } = await site();
    await startServer(appliance);
    await appliance.createOrganization({ name: "berlin" });
    const { value } = await appliance.createToken({ organization: "berlin", name: "site" });
    const inputs = inputsWith({ organization: "default", agent: { bundle: bundle.id, token: value } });
    const among = (...organizations: string[]) => ({
      hasToken: (organization: string, name: string) => name === "site" && organizations.includes(organization),
    });
    expect(await groundOf(inputs, appliance, among("default"))).toMatchObject({ canEnrol: true });
    for (const program of [among(), among("berlin"), among("berlin", "default")])
      expect((await stopOf(groundOf(inputs, appliance, program))).path).toEqual(["agent", "token"]);
  });

  it("is this store's own server where it runs, with its authority", async () => {
    const { appliance, inputsWith } = await site();
    await startServer(appliance);
    const { server, serverRuns, tokenFault, warnings } = await groundOf(inputsWith(), appliance);
    expect({ server, serverRuns, tokenFault, warnings }).toEqual({
      server: { host: SERVER.name, port: SERVER.port, caCertificate: SERVER.caCertificate },
      serverRuns: true,
      tokenFault: undefined,
      warnings: [],
    });
  });

  it.each([
    ["no server is named", {}, "no `kace serve` ever ran on this appliance, and `server.name` is not given"],
    [
      "a server is named, and who enrols with a token of this store means its own",
      { server: { name: "kbox.example" } },
      "`agent.token` is of this appliance, so kbox.example is to be its server, and no `kace serve` ever ran on it",
    ],
  ])("stops with the command that starts the server where none ever ran: %s", async (_case, more, why) => {
    const { appliance, inputsWith } = await site();
    const stop = await stopOf(groundOf(inputsWith(more), appliance));
    expect(stop).toMatchObject({ code: "failed-precondition", path: ["server"] });
    expect(stop.message).toBe(`[server-not-running] agents have no server to connect to: ${why}`);
    expect(stop.hint).toContain("kace serve");
  });

  it("needs no server of its own where another is named and the token is another's", async () => {
    const { appliance, inputsWith, bundle } = await site();
    const inputs = inputsWith({
      server: { name: "sma.example" },
      agent: { bundle: bundle.id, token: "a-token-of-another-appliance" },
    });
    expect(await groundOf(inputs, appliance)).toMatchObject({
      server: { host: "sma.example", port: 443 },
      serverRuns: true,
    });
  });

  it("lets a look go on while the own server is down, says so, and does not ask who is connected", async () => {
    const { appliance, inputsWith } = await site();
    await startServer(appliance);
    await appliance.withdrawServer({ instanceId: "one" });
    const ground = await groundOf(inputsWith(), appliance, { looksOnly: true });
    expect(ground.serverRuns).toBe(false);
    expect(ground.server).toMatchObject({ host: SERVER.name });
    expect(ground.warnings.join("\n")).toMatch(
      /^server: .*kbox\.example does not run.*whether they are connected is not looked at/,
    );
    expect((await stopOf(groundOf(inputsWith(), appliance))).message).toContain("[server-not-running]");
  });

  it("says of each thing to know which property it is about", async () => {
    const { appliance, inputsWith, bundle } = await site();
    await startServer(appliance, [SERVER.name, "kbox"]);
    const { warnings } = await groundOf(
      inputsWith({ agent: { bundle: bundle.id }, server: { name: "KBOX" } }),
      appliance,
    );
    expect(warnings).toEqual([
      expect.stringMatching(/^server\.name: it is KBOX, and the appliance calls itself /),
      expect.stringMatching(/^agent\.token: there is none, so new agents wait in quarantine/),
    ]);
  });

  it.each([
    [
      "an older one",
      { version: "1.4.3" },
      /^agent\.version: the bundle "fleet" has 1\.4\.2, and no 1\.4\.3 or newer: /,
    ],
    ["a newer one, exactly", { version: "1.4.1", exact: true }, /^agent\.version: .* has 1\.4\.2, and no 1\.4\.1: /],
    ["none that is allowed", { deniedVersions: ["1.4.2.0"] }, /^agent\.deniedVersions: .*, and all of it is denied: /],
    ["an older one that is wanted", { version: "1.4.1" }, undefined],
    ["it in another writing", { version: "1.4.2.0", exact: true }, undefined],
    ["whichever is there", {}, undefined],
  ])("says before any machine is looked at that the bundle has %s", async (_, agent, warning) => {
    const { appliance, inputsWith, token } = await site();
    await startServer(appliance);
    const bytes = Buffer.from("package");
    const sha256 = createHash("sha256").update(bytes).digest("hex");
    await appliance.putPackage(sha256, bytes.length, Readable.from([bytes]));
    const kind = { platform: "linux", architecture: "amd64", format: "deb", version: "1.4.2" };
    const { id } = await appliance.saveBundle({
      name: "fleet",
      version: "1.4.2",
      flavour: "reference",
      packages: [{ ...kind, fileName: "kace-reference-agent_1.4.2_amd64.deb", sha256, sizeBytes: bytes.length }],
    });
    const inputs = inputsWith({ agent: { bundle: id, token: token.value, ...agent } });
    const { warnings } = await groundOf(inputs, appliance);
    expect(warnings).toEqual(warning === undefined ? [] : [expect.stringMatching(warning)]);
    const removal = inputsWith({ state: "removed", agent: { bundle: id, ...agent } });
    expect((await groundOf(removal, appliance)).warnings).toEqual([]);
  });

  it("is not looked for where agents are removed", async () => {
    const { appliance } = await site();
    const inputs = inputsSchema.parse({
      targets: { ips: ["192.0.2.1"] },
      state: "removed",
      linux: { username: "root", password: "canary" },
    });
    expect(await groundOf(inputs, appliance)).toMatchObject({ server: undefined, bundle: undefined, serverRuns: true });
  });

  it("names what is missing to log in, and a bundle that is not there", async () => {
    const { appliance, inputsWith, token } = await site();
    await startServer(appliance);
    const without = await stopOf(groundOf(inputsWith({ linux: { username: "root" } }), appliance));
    expect(without).toMatchObject({ path: ["linux"] });
    expect(without.message).toContain("[no-credentials]");
    const other = inputsWith({ agent: { bundle: "bundle-none", token: token.value } });
    expect(await stopOf(groundOf(other, appliance))).toMatchObject({ path: ["agent", "bundle"] });
  });
});

describe("a token that is gone", () => {
  it("is warned about where machines are enrolled already, since no other can enrol", async () => {
    const { appliance, inputsWith, token } = await site();
    await startServer(appliance);
    await appliance.deleteToken({ id: token.id });
    const ground = await groundOf(inputsWith({ server: { name: SERVER.name } }), appliance);
    expect(ground.tokenFault).toMatchObject({ code: "token-unknown" });
    expect(ground.warnings).toEqual([
      "agent.token: the appliance does not know the token: machines that are enrolled stay so, and no other can enrol",
    ]);
    const stop = await stopOf(requireToken(ground, "config-1", appliance));
    expect(stop).toMatchObject({ path: ["agent", "token"] });
  });
});

describe("a token that is used up", () => {
  async function usedUp(): Promise<{ appliance: LocalAppliance; ground: Ground }> {
    const { appliance, inputsWith, token } = await site({ useLimit: 1 });
    await startServer(appliance);
    await enrol(appliance, token.value);
    return { appliance, ground: await groundOf(inputsWith(), appliance) };
  }

  it("stops a rollout that has not begun", async () => {
    const { appliance, ground } = await usedUp();
    expect(ground.tokenFault).toMatchObject({ code: "token-exhausted" });
    const stop = await stopOf(requireToken(ground, "config-1", appliance));
    expect(stop).toMatchObject({ path: ["agent", "token"] });
    expect(stop.message).toContain("[token-exhausted] the token berlin");
  });

  it("does not stop one that broke off, since its own machines may have used it up", async () => {
    const { appliance, ground } = await usedUp();
    await appliance.saveConfiguration({ id: "config-1", name: "berlin", description: { targets: "192.0.2.1" } });
    await expect(requireToken(ground, "config-1", appliance)).resolves.toBeUndefined();
  });
});
