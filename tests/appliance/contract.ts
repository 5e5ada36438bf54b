import { createHash } from "node:crypto";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Appliance, Input } from "../../provider/appliance/appliance.ts";
import { bundlesContract } from "./contract-bundles.ts";
import { devicesContract } from "./contract-devices.ts";
import { hurriedScriptsContract } from "./contract-hurried-scripts.ts";
import { labelContract } from "./contract-labels.ts";
import { messagesContract } from "./contract-messages.ts";
import { organizationsContract } from "./contract-organizations.ts";
import { quarantineContract } from "./contract-quarantine.ts";
import { runsContract } from "./contract-runs.ts";
import { schedulesContract } from "./contract-schedules.ts";
import { scriptsContract } from "./contract-scripts.ts";
import { settingsContract } from "./contract-settings.ts";
import { taskPackagesContract } from "./contract-task-packages.ts";
import { tasksContract } from "./contract-tasks.ts";
import { tokensContract } from "./contract-tokens.ts";
import { updatePolicyContract } from "./contract-update-policy.ts";
import { refusal } from "./devices.ts";
import type { Subject } from "./subject.ts";

/** When the clock of a subject starts. */
export const START = Date.parse("2027-03-01T08:00:00.000Z");

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;

async function* bytesOf(...texts: string[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) yield Buffer.from(text);
}

async function textOf(stream: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

/**
 * What every appliance does, near or far: declares the tests for one kind of it.
 *
 * @param open makes an empty appliance whose clock starts at {@link START}
 * @example applianceContract("a local appliance", openInNewFolder);
 */
export function applianceContract(what: string, open: () => Promise<Subject>): void {
  describe(`${what} keeps the contract`, () => {
    let subject: Subject;
    let appliance: Appliance;
    beforeEach(async () => {
      subject = await open();
      appliance = subject.appliance;
    });
    afterEach(() => subject.dispose());

    settingsContract(() => subject);
    schedulesContract(() => subject);
    organizationsContract(() => subject);
    bundlesContract(() => subject);
    labelContract(() => subject);
    quarantineContract(() => subject);
    messagesContract(() => subject);
    updatePolicyContract(() => subject);
    tasksContract(() => subject);
    taskPackagesContract(() => subject);
    scriptsContract(() => subject);
    hurriedScriptsContract(() => subject);
    tokensContract(() => subject);
    runsContract(() => subject);
    devicesContract(() => subject);

    describe("bundles and packages", () => {
      const content = "the content of a package";
      const packageFile = {
        fileName: "kace-reference-agent_1.4.2_amd64.deb",
        platform: "linux",
        architecture: "amd64",
        format: "deb",
        version: "1.4.2",
        sha256: sha256(content),
        sizeBytes: content.length,
      };
      const bundle = { name: "agents", version: "1.4.2", flavour: "reference", packages: [packageFile] };

      it("keeps the content of packages, whole or not at all", async () => {
        const { sha256: hash, sizeBytes } = packageFile;
        expect(await appliance.hasPackage({ sha256: hash })).toEqual({ present: false });
        const altered = await refusal(appliance.putPackage(hash, sizeBytes, bytesOf("the content of a PACKAGE")));
        expect(altered.code).toBe("invalid");
        expect((await refusal(appliance.putPackage(hash, sizeBytes, bytesOf("the content")))).code).toBe("invalid");
        expect((await refusal(appliance.openPackage(hash))).code).toBe("not-found");
        await appliance.putPackage(hash, sizeBytes, bytesOf("the content ", "of a package"));
        await appliance.putPackage(hash, sizeBytes, bytesOf("the content ", "of a package"));
        expect(await appliance.hasPackage({ sha256: hash })).toEqual({ present: true, sizeBytes });
        const opened = await appliance.openPackage(hash);
        expect(opened.sizeBytes).toBe(sizeBytes);
        expect(await textOf(opened.stream)).toBe(content);
      });

      it("keeps what was there when the source of a content breaks off", async () => {
        async function* broken(): AsyncGenerator<Uint8Array> {
          yield Buffer.from("the content");
          throw new Error("the disk it comes from is gone");
        }
        const { sha256: hash, sizeBytes } = packageFile;
        await expect(appliance.putPackage(hash, sizeBytes, broken())).rejects.toThrow();
        expect(await appliance.hasPackage({ sha256: hash })).toEqual({ present: false });
      });

      it("refuses a bundle without the content of its packages", async () => {
        const { code, message } = await refusal(appliance.saveBundle(bundle));
        expect(code).toBe("invalid");
        expect(message).toContain(packageFile.fileName);
        expect(await appliance.findBundleByName({ name: "agents" })).toBeNull();
      });

      it("saves a bundle, changes it by its URN or id, and finds it", async () => {
        await appliance.putPackage(packageFile.sha256, packageFile.sizeBytes, bytesOf(content));
        const saved = await appliance.saveBundle({ ...bundle, urn: "urn:b" });
        expect(saved).toMatchObject(bundle);
        const changed = await appliance.saveBundle({ ...bundle, urn: "urn:b", version: "1.4.3" });
        expect(changed).toMatchObject({ id: saved.id, version: "1.4.3" });
        const renamed = await appliance.saveBundle({ ...bundle, id: saved.id, name: "all agents" });
        expect(renamed).toMatchObject({ id: saved.id, urn: "urn:b" });
        expect(await appliance.getBundle({ id: saved.id })).toEqual(renamed);
        expect(await appliance.findBundleByName({ name: "all agents" })).toEqual(renamed);
        expect((await appliance.listBundles({})).bundles).toEqual([renamed]);
        expect((await refusal(appliance.saveBundle({ ...bundle, name: "all agents" }))).code).toBe("conflict");
      });

      it("removes content with the last bundle that has it", async () => {
        await appliance.putPackage(packageFile.sha256, packageFile.sizeBytes, bytesOf(content));
        const one = await appliance.saveBundle(bundle);
        const two = await appliance.saveBundle({ ...bundle, name: "others" });
        expect(await appliance.deleteBundle({ id: one.id })).toEqual({ deleted: true });
        expect(await appliance.hasPackage({ sha256: packageFile.sha256 })).toMatchObject({ present: true });
        await appliance.deleteBundle({ id: two.id });
        expect(await appliance.hasPackage({ sha256: packageFile.sha256 })).toEqual({ present: false });
        expect(await appliance.deleteBundle({ id: two.id })).toEqual({ deleted: false });
      });
    });

    describe("host keys", () => {
      const key = { host: "Web1", port: 22, type: "ssh-ed25519", key: "AAAA1", fingerprint: "SHA256:one" };

      it("pins a key once, and never another one over it", async () => {
        const pinned = await appliance.pinHostKey(key);
        expect(pinned).toMatchObject({ host: "web1", fingerprint: "SHA256:one" });
        expect(await appliance.pinHostKey({ ...key, host: "web1" })).toEqual(pinned);
        for (const other of [{ key: "AAAA2" }, { type: "ssh-rsa", key: "AAAA3" }]) {
          const { code, message } = await refusal(
            appliance.pinHostKey({ ...key, ...other, fingerprint: "SHA256:two" }),
          );
          expect(code).toBe("conflict");
          expect(message).toContain("SHA256:one");
        }
        await appliance.pinHostKey({ ...key, port: 2222, key: "AAAA2", fingerprint: "SHA256:two" });
        expect((await appliance.listHostKeys({ hosts: ["WEB1", "other"] })).hostKeys).toHaveLength(2);
        expect((await appliance.listHostKeys({ hosts: [] })).hostKeys).toEqual([]);
      });

      it("forgets keys of one port or all, and says how many", async () => {
        await appliance.pinHostKey(key);
        await appliance.pinHostKey({ ...key, port: 2222 });
        expect(await appliance.forgetHostKey({ host: "web1", port: 22 })).toEqual({ forgotten: 1 });
        await appliance.pinHostKey({ ...key, key: "AAAA2" });
        expect(await appliance.forgetHostKey({ host: "WEB1" })).toEqual({ forgotten: 2 });
        expect(await appliance.forgetHostKey({ host: "web1" })).toEqual({ forgotten: 0 });
      });
    });

    it("keeps the history of every change of settings, without a secret", async () => {
      const token = await appliance.createToken({ name: "berlin", useLimit: 5 });
      await appliance.updateToken({ id: token.id, useLimit: 9 });
      await appliance.updateToken({ id: token.id, useLimit: 9 });
      const rotated = await appliance.rotateToken({ id: token.id });
      await appliance.deleteToken({ id: token.id });
      await appliance.createToken({ name: "other" });
      const { entries } = await appliance.listHistory({ subject: `token:${token.id}` });
      expect(entries.map(({ what }) => what)).toEqual(["deleteToken", "rotateToken", "updateToken", "createToken"]);
      expect(entries[2]).toMatchObject({
        at: "2027-03-01T08:00:00.000Z",
        subjectName: "berlin",
        changes: [{ property: "useLimit", from: 5, to: 9 }],
      });
      expect(entries[0]?.who).not.toBe("");
      const whole = JSON.stringify(await appliance.listHistory({}));
      expect(whole).not.toContain(token.value);
      expect(whole).not.toContain(rotated.value);
      const page = await appliance.listHistory({ limit: 1 });
      expect(page.entries[0]).toMatchObject({ subjectName: "other" });
      expect((await appliance.listHistory({ limit: 1, after: page.next })).entries[0]).toEqual(entries[0]);
    });

    it("finds in the history who did what to what, and when", async () => {
      await appliance.createToken({ name: "berlin" });
      subject.advance(MINUTE_MS);
      const { id } = await appliance.createToken({ name: "munich" });
      subject.advance(MINUTE_MS);
      await appliance.updateToken({ id, useLimit: 9 });
      const found = async (query: Input<"listHistory">) =>
        (await appliance.listHistory(query)).entries.map(({ what, subjectName }) => `${what} ${subjectName}`);
      expect(await found({ subject: "munich" })).toEqual(["updateToken munich", "createToken munich"]);
      expect(await found({ subject: `token:${id}`, what: "UPDATE" })).toEqual(["updateToken munich"]);
      expect(await found({ since: "2027-03-01T08:01:00Z", until: "2027-03-01T10:02:00+02:00" })).toEqual([
        "createToken munich",
      ]);
      const [entry] = (await appliance.listHistory({ subject: "berlin" })).entries;
      expect(await found({ who: entry?.who.slice(1).toUpperCase() ?? "", subject: "berlin" })).toHaveLength(1);
      expect(await found({ who: "nobody-at-all" })).toEqual([]);
    });

    it.each([
      ["a name of blanks", () => appliance.createToken({ name: "  " })],
      ["a limit of no uses", () => appliance.createToken({ name: "t", useLimit: 0 })],
      ["an expiry that is no moment", () => appliance.createToken({ name: "t", expiresAt: "tomorrow" })],
      ["an expiry that has passed", () => appliance.createToken({ name: "t", expiresAt: "2027-01-01T00:00:00Z" })],
      ["a page of nothing", () => appliance.listTokens({ limit: 0 })],
      ["a place to go on from that no answer gave", () => appliance.listTokens({ after: "elsewhere" })],
      ["a search for nothing", () => appliance.findConfiguration({})],
      ["a port beyond 65535", () => appliance.forgetHostKey({ host: "web1", port: 65_536 })],
    ])("refuses %s", async (_, work) => {
      expect((await refusal(work())).code).toBe("invalid");
    });

    it("knows one organization, and refuses others by name", async () => {
      const { organizations } = await appliance.listOrganizations({});
      expect(organizations.map(({ name }) => name)).toEqual(["default"]);
      const { code, message } = await refusal(appliance.createToken({ name: "t", organization: "berlin" }));
      expect(code).toBe("not-found");
      expect(message).toContain("berlin");
    });
  });
}
