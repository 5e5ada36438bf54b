import { createHash } from "node:crypto";
import { beforeEach, describe, expect, it } from "vitest";
import type { Input, Output } from "../../provider/appliance/appliance.ts";
import { refusal, refusedProperties } from "./devices.ts";
import type { Subject } from "./subject.ts";

const MINUTE_MS = 60_000;

/** A package of the reference agent, and the content that has its checksum. */
export function packageOf(version: string): { readonly content: Buffer; readonly file: PackageFile } {
  const content = Buffer.from(`the content of ${version}`);
  const file = {
    fileName: `kace-reference-agent_${version}_amd64.deb`,
    platform: "linux",
    architecture: "amd64",
    format: "deb",
    version,
    sha256: createHash("sha256").update(content).digest("hex"),
    sizeBytes: content.length,
  };
  return { content, file };
}

type PackageFile = Input<"saveBundle">["packages"][number];

async function* bytesOf(content: Buffer): AsyncGenerator<Uint8Array> {
  yield content;
}

/** What every appliance does with bundles that are loaded, or not: part of the contract. */
export function bundlesContract(opened: () => Subject): void {
  const appliance = () => opened().appliance;

  async function save(version: string, more: Partial<Input<"saveBundle">> = {}): Promise<Output<"saveBundle">> {
    const { content, file } = packageOf(version);
    await appliance().putPackage(file.sha256, file.sizeBytes, bytesOf(content));
    return appliance().saveBundle({
      name: `agents ${version}`,
      version,
      flavour: "reference",
      packages: [file],
      ...more,
    });
  }

  describe("loading of bundles", () => {
    beforeEach(async () => {
      await appliance().createOrganization({ name: "berlin" });
    });

    it("begins anew for a resource that goes to another organization, where the old one waits to be deleted", async () => {
      const left = await save("1.4.2", { urn: "urn:a" });
      const made = await save("1.4.2", { organization: "berlin", urn: "urn:a" });
      expect(made.id).not.toBe(left.id);
      expect((await appliance().getBundle({ id: left.id })).urn).toBeUndefined();
      expect(await appliance().deleteBundle({ id: left.id })).toEqual({ deleted: true });
      expect((await save("1.4.2", { organization: "berlin", urn: "urn:a" })).id).toBe(made.id);
    });

    it("comes back under its name while the bundle that was left waits, and the left ones are deleted", async () => {
      const ours = { name: "agents", urn: "urn:a" };
      const left = await save("1.4.2", ours);
      const away = await save("1.4.2", { ...ours, organization: "berlin" });
      const back = await save("1.4.2", ours);
      expect(new Set([left.id, away.id, back.id]).size).toBe(3);
      expect((await appliance().getBundle({ id: left.id })).name).toBe(`agents (left, ${left.id})`);
      expect((await appliance().getBundle({ id: away.id })).name).toBe(`agents (left, ${away.id})`);
      expect(await appliance().findBundleByName({ name: "agents" })).toEqual(back);
      const { entries } = await appliance().listHistory({ organization: "default", subject: `bundle:${left.id}` });
      expect(entries[0]?.changes).toEqual([{ property: "name", from: "agents", to: `agents (left, ${left.id})` }]);
      for (const { id } of [left, away]) expect(await appliance().deleteBundle({ id })).toEqual({ deleted: true });
      expect((await appliance().listBundles({})).bundles).toEqual([back]);
    });

    it("is of the packages that a bundle has now, and so is the time stamp of the update policy", async () => {
      const { id, loadedAt } = await save("1.4.2", { name: "agents", urn: "urn:a" });
      const stamp = async () => (await appliance().getUpdatePolicy({})).distributionTimestamp;
      expect(await stamp()).toBe(loadedAt);
      opened().advance(MINUTE_MS);
      expect((await save("1.4.2", { id, name: "renamed", urn: "urn:a" })).loadedAt).toBe(loadedAt);
      expect(await stamp()).toBe(loadedAt);
      const changed = await save("1.5.0", { id, name: "renamed", urn: "urn:a" });
      expect(Date.parse(changed.loadedAt ?? "")).toBe(Date.parse(loadedAt ?? "") + MINUTE_MS);
      expect(await stamp()).toBe(changed.loadedAt);
    });

    it("is done as a bundle is saved, unless it is only to be kept, and is an act of its own after that", async () => {
      const loaded = await save("1.4.2");
      expect(loaded.loadedAt).toBe("2027-03-01T08:00:00.000Z");
      const kept = await save("1.5.0", { loaded: false });
      expect(kept.loadedAt).toBeUndefined();
      const named = async (filter?: boolean) =>
        (await appliance().listBundles({ loaded: filter })).bundles.map(({ version }) => version);
      expect(await named()).toEqual(["1.4.2", "1.5.0"]);
      expect(await named(true)).toEqual(["1.4.2"]);
      expect(await named(false)).toEqual(["1.5.0"]);
      opened().advance(MINUTE_MS);
      expect(await appliance().loadBundle({ id: kept.id })).toMatchObject({ loadedAt: "2027-03-01T08:01:00.000Z" });
      opened().advance(MINUTE_MS);
      // What is loaded is not loaded again.
      expect(await appliance().loadBundle({ version: "1.5" })).toMatchObject({ loadedAt: "2027-03-01T08:01:00.000Z" });
      // A save that says nothing of it leaves it as it is.
      expect((await save("1.4.2", { id: loaded.id, name: "renamed" })).loadedAt).toBe(loaded.loadedAt);
      expect((await appliance().unloadBundle({ id: loaded.id })).loadedAt).toBeUndefined();
      expect((await save("1.4.2", { id: loaded.id })).loadedAt).toBeUndefined();
      expect(await named(true)).toEqual(["1.5.0"]);
      const { entries } = await appliance().listHistory({ subject: `bundle:${kept.id}` });
      expect(entries.map(({ what, changes }) => [what, changes.find(({ property }) => property === "loaded")])).toEqual(
        [
          ["loadBundle", { property: "loaded", from: false, to: true }],
          ["saveBundle", { property: "loaded", from: null, to: false }],
        ],
      );
    });

    it("names what is meant by id or by version, and refuses what may be two", async () => {
      await save("1.4.2", { loaded: false });
      await save("1.4.2", { loaded: false, name: "the same" });
      const twice = await refusal(appliance().loadBundle({ version: "1.4.2" }));
      expect(twice.code).toBe("conflict");
      expect(twice.message).toContain('"agents 1.4.2"');
      expect((await refusal(appliance().loadBundle({ version: "9.9" }))).message).toContain("no bundle of version 9.9");
      expect((await refusal(appliance().loadBundle({ id: "bundle-x" }))).code).toBe("not-found");
      expect((await refusal(appliance().loadBundle({}))).code).toBe("invalid");
      expect((await refusal(appliance().unloadBundle({ id: "bundle-x" }))).code).toBe("not-found");
      expect((await appliance().listBundles({ loaded: true })).bundles).toEqual([]);
    });

    it("is of one organization: another one cannot load what it does not have", async () => {
      const own = await save("1.4.2", { loaded: false });
      expect((await refusal(appliance().loadBundle({ organization: "berlin", id: own.id }))).code).toBe("not-found");
      const theirs = await save("1.4.2", { organization: "berlin" });
      expect((await refusal(appliance().unloadBundle({ id: theirs.id }))).code).toBe("not-found");
      expect((await appliance().listBundles({ organization: "berlin", loaded: true })).bundles).toHaveLength(1);
      expect((await appliance().listBundles({ loaded: true })).bundles).toEqual([]);
    });

    it("makes a bundle of a download in every organization that loads it", async () => {
      const { content, file } = packageOf("1.6.0");
      const archive = { name: "reference 1.6.0", version: "1.6.0", flavour: "reference", fileName: "agents.kbin" };
      const download = { ...archive, sha256: "a".repeat(64), packages: [file] };
      expect((await refusal(appliance().saveDownload(download))).code).toBe("invalid");
      await appliance().putPackage(file.sha256, file.sizeBytes, bytesOf(content));
      const kept = await appliance().saveDownload(download);
      // The same archive is the same download.
      expect((await appliance().saveDownload({ ...download, name: "again" })).id).toBe(kept.id);
      await save("1.4.2", { organization: "berlin", name: "reference 1.6.0" });
      const loaded = await appliance().loadBundle({ organization: "berlin", version: "1.6.0" });
      expect(loaded).toMatchObject({ name: "reference 1.6.0 (2)", packages: [file], downloadedAt: kept.downloadedAt });
      expect((await appliance().loadBundle({ organization: "berlin", id: kept.id })).id).toBe(loaded.id);
      const seen = async (organization?: string) => (await appliance().getUpdates({ organization })).downloads;
      expect(await seen("berlin")).toEqual([{ ...kept, bundleId: loaded.id, loadedAt: loaded.loadedAt }]);
      expect(await seen()).toEqual([kept]);
      expect((await appliance().listBundles({})).bundles).toEqual([]);
      expect(await appliance().deleteDownload({ id: kept.id })).toEqual({ deleted: true });
      expect(await appliance().deleteDownload({ id: kept.id })).toEqual({ deleted: false });
      expect(await appliance().hasPackage({ sha256: file.sha256 })).toMatchObject({ present: true });
      await appliance().deleteBundle({ id: loaded.id });
      expect(await appliance().hasPackage({ sha256: file.sha256 })).toEqual({ present: false });
    });

    it("knows one source of newer agents, when it was looked at, and what was wrong", async () => {
      expect(await appliance().getUpdates({})).toEqual({ signed: false, checkAt: "03:40", downloads: [] });
      expect((await refusal(appliance().requestUpdateCheck({}))).code).toBe("conflict");
      const refused = await refusal(appliance().setUpdateSource({ location: "http://user:canary@updates.example/" }));
      expect(refused.code).toBe("invalid");
      expect(refused.message).not.toContain("canary");
      for (const [property, wrong] of [
        ["location", { location: "http://updates.example/index.json" }],
        ["location", { location: "https://updates.example/?who=me" }],
        ["publicKey", { publicKey: "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n" }],
        ["caCertificate", { caCertificate: "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n" }],
      ] as const)
        expect(await refusedProperties(appliance().setUpdateSource(wrong))).toEqual([property]);
      const location = "https://updates.example/agents/index.json";
      const set = await appliance().setUpdateSource({ location, checkAt: "02:15" });
      expect(set).toMatchObject({ location, checkAt: "02:15", requestedAt: "2027-03-01T08:00:00.000Z" });
      expect((await appliance().getUpdateGround({})).source).toEqual({ location });
      opened().advance(MINUTE_MS);
      const startedAt = "2027-03-01T08:01:00.000Z";
      await appliance().settleUpdateCheck({ startedAt, fault: "nobody answers" });
      const after = await appliance().getUpdates({});
      expect(after).toMatchObject({ checkedAt: startedAt, fault: "nobody answers" });
      expect(after.requestedAt).toBeUndefined();
      // Whoever asks after a check has begun is not answered by it.
      opened().advance(MINUTE_MS);
      const { requestedAt } = await appliance().requestUpdateCheck({});
      await appliance().settleUpdateCheck({ startedAt });
      expect(await appliance().getUpdates({})).toMatchObject({ requestedAt });
      const gone = await appliance().setUpdateSource({ location: null, checkAt: null });
      expect(gone).toMatchObject({ checkAt: "03:40" });
      expect([gone.location, gone.requestedAt, gone.nextCheckAt]).toEqual([undefined, undefined, undefined]);
      const { entries } = await appliance().listHistory({ subject: "update-source" });
      // That something was wrong is said when it begins and when it ends.
      expect(entries.map(({ what }) => what)).toEqual([
        "setUpdateSource",
        "settleUpdateCheck",
        "requestUpdateCheck",
        "settleUpdateCheck",
        "setUpdateSource",
      ]);
    });

    it("is not undone, nor is a bundle deleted, while a configuration names it, with a schedule or without", async () => {
      const { id } = await save("1.4.2");
      const configuration: Input<"saveConfiguration"> = {
        id: "config-1",
        name: "fleet",
        description: { targets: "10.0.0.1", bundle: id },
      };
      const schedule = { every: "day", at: "02:30", timezone: "Europe/Berlin" };
      const scheduled = { ...configuration, description: { ...configuration.description, schedule }, runInputs: "{}" };
      await appliance().saveConfiguration(scheduled);
      expect(await refusal(appliance().deleteBundle({ id }))).toMatchObject({ code: "conflict" });
      await appliance().saveConfiguration(configuration);
      for (const refused of [
        appliance().deleteBundle({ id }),
        appliance().unloadBundle({ id }),
        save("1.4.2", { id, loaded: false }),
      ]) {
        expect(await refusal(refused)).toMatchObject({
          code: "conflict",
          message: expect.stringContaining('it is used by configuration "fleet"'),
        });
      }
      expect(await appliance().getBundleUses({ id })).toEqual({ uses: ['configuration "fleet"'] });
      expect((await appliance().getBundle({ id })).loadedAt).toBeDefined();
      await appliance().saveConfiguration({ ...configuration, description: { targets: "10.0.0.1", bundle: "x" } });
      expect(await appliance().deleteBundle({ id })).toEqual({ deleted: true });
    });
  });
}
