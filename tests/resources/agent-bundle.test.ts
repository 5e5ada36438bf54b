import { createHash } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { accessTo } from "../../provider/appliance/access.ts";
import { unknown } from "../../provider/kit/define/value.ts";
import { agentBundle } from "../../provider/resources/agent-bundle.ts";
import { openedIn } from "../appliance/local/folders.ts";

const identity = { urn: "urn:pulumi:dev::site::kace:index:AgentBundle::agents", logicalName: "agents" };

async function opened() {
  const folder = await mkdtemp(join(tmpdir(), "kace-bundle-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const appliance = await openedIn(join(folder, "appliance"));
  const client = accessTo(async () => ({ ...appliance, close: async () => undefined }), {
    endpoint: "local",
    isLocal: true,
    maxConcurrency: undefined,
  });
  const said: string[] = [];
  const ignore = () => undefined;
  const log = { debug: ignore, info: ignore, warn: (text: string) => void said.push(text), error: ignore };
  const context = { client, log: { ...log, status: ignore }, signal: new AbortController().signal };
  /** What a program says of a bundle of some versions. */
  const inputsOf = async (versions: readonly string[], load = true) => {
    const files = versions.map(async (version) => {
      const path = join(folder, `ampagent-${version}.ubuntu.64.deb`);
      await writeFile(path, version);
      return { path, sha256: createHash("sha256").update(version).digest("hex") };
    });
    return { organization: "default", name: "agents", files: await Promise.all(files), load };
  };
  const inputs = await inputsOf(["14.1.19"]);
  const { id, outputs } = await agentBundle.handlers.create({ ...identity, inputs, exists: () => undefined }, context);
  const asked = (next: object, ...properties: readonly string[]) => ({
    ...identity,
    id,
    inputs: { ...next },
    old: { inputs, outputs: { ...outputs } },
    changes: properties.map((property) => ({ path: [property], kind: "update" as const, effect: "update" as const })),
  });
  const preview = async (next: object, ...properties: readonly string[]) => {
    said.length = 0;
    await agentBundle.handlers.previewUpdate?.(asked(next, ...properties), context);
    return [...said];
  };
  return { appliance, context, id, inputsOf, preview, asked };
}

describe("a bundle that is changed", () => {
  it("is expected by a preview as the update will make it, until it is made or looked at anew", async () => {
    const { appliance, context, id, inputsOf, preview, asked } = await opened();
    const { bundles } = context.client;
    expect(bundles.of(id)).toBeUndefined();
    const next = await inputsOf(["14.1.20", "14.1.21"]);
    await preview(next, "files");
    expect(bundles.of(id)).toMatchObject({
      id,
      version: "14.1.21",
      packages: [{ version: "14.1.20" }, { version: "14.1.21" }],
      loadedAt: expect.any(String),
    });
    expect(await appliance.getBundle({ id })).toMatchObject({ version: "14.1.19" });
    await preview({ ...next, files: unknown }, "files");
    expect(bundles.of(id)).toMatchObject({ id, packages: undefined });
    await preview({ ...next, load: false }, "load");
    expect(bundles.of(id)?.loadedAt).toBeUndefined();
    await agentBundle.handlers.check?.({ ...identity, inputs: next, old: undefined }, context);
    expect(bundles.of(id)).toBeUndefined();
    await preview(next, "files");
    await agentBundle.handlers.update?.(asked(next, "files"), context);
    expect(bundles.of(id)).toBeUndefined();
  });
});

describe("a bundle that an update policy uses", () => {
  it("says in a preview that a version which the policy wants goes from it", async () => {
    const { appliance, inputsOf, preview } = await opened();
    const next = await inputsOf(["14.1.20"]);
    expect(await preview(next, "files")).toEqual([]);
    await appliance.saveUpdatePolicy({ enabled: true, allMachines: true, version: "14.1.19" });
    expect(await preview(next, "files")).toEqual([
      expect.stringMatching(/^files: the bundle is used by the update policy, which wants 14\.1\.19, and loses/),
    ]);
    expect(await preview(await inputsOf(["14.1.19", "14.1.20"]), "files")).toEqual([]);
    expect(await preview({ ...next, name: "others" }, "name")).toEqual([]);
    await appliance.saveUpdatePolicy({ version: "latest" });
    expect(await preview(next, "files")).toEqual([]);
  });

  it("says in a preview that it is not unloaded, and refuses it at `load`", async () => {
    const { appliance, context, id, inputsOf, preview, asked } = await opened();
    const next = await inputsOf(["14.1.19"], false);
    expect(await preview(next, "load")).toEqual([]);
    await appliance.saveUpdatePolicy({ enabled: true, allMachines: true });
    expect(await preview(next, "load")).toEqual([
      expect.stringMatching(/^load: the bundle is used by the update policy, which wants latest: /),
    ]);
    await expect(agentBundle.handlers.update?.(asked(next, "load"), context)).rejects.toMatchObject({
      code: "conflict",
      path: ["load"],
      message: expect.stringContaining('the bundle "agents" cannot be unloaded: it is used by the update policy'),
    });
    await appliance.resetUpdatePolicy({});
    await agentBundle.handlers.update?.(asked(next, "load"), context);
    expect((await appliance.getBundle({ id })).loadedAt).toBeUndefined();
    // What is not there any more is made anew, and uses nothing.
    await appliance.deleteBundle({ id });
    expect(await preview(next, "load")).toEqual([]);
  });
});
