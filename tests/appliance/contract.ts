import { createHash } from "node:crypto";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Appliance, Input } from "../../provider/appliance/appliance.ts";
import { INVENTORIES_A_PAGE } from "../../provider/appliance/operations/devices.ts";
import type { NewOutcome } from "../../provider/appliance/operations/outcomes.ts";
import type { RunSummary } from "../../provider/appliance/operations/runs.ts";
import { bundlesContract } from "./contract-bundles.ts";
import { hurriedScriptsContract } from "./contract-hurried-scripts.ts";
import { labelContract } from "./contract-labels.ts";
import { messagesContract } from "./contract-messages.ts";
import { organizationsContract } from "./contract-organizations.ts";
import { quarantineContract } from "./contract-quarantine.ts";
import { schedulesContract } from "./contract-schedules.ts";
import { scriptsContract } from "./contract-scripts.ts";
import { settingsContract } from "./contract-settings.ts";
import { taskPackagesContract } from "./contract-task-packages.ts";
import { tasksContract } from "./contract-tasks.ts";
import { updatePolicyContract } from "./contract-update-policy.ts";
import { device, kuidOf, refusal } from "./devices.ts";
import type { Subject } from "./subject.ts";

/** When the clock of a subject starts. */
export const START = Date.parse("2027-03-01T08:00:00.000Z");

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;

function outcome(machine: string, more: Partial<NewOutcome> = {}): NewOutcome {
  return {
    machine,
    target: "10.0.0.1-9",
    action: "install",
    class: "succeeded",
    code: "installed",
    message: "installed and connected",
    durationMs: 1_200,
    ...more,
  };
}

const SUMMARY: RunSummary = {
  total: 3,
  succeeded: 2,
  unchanged: 0,
  removed: 0,
  absent: 0,
  unreachable: 0,
  failed: 1,
  notAttempted: 0,
  percentSucceeded: 66.7,
};

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

    describe("tokens", () => {
      it("mints values of 54 characters, each another one", async () => {
        const one = await appliance.createToken({ name: "one" });
        const two = await appliance.createToken({ name: "two" });
        expect(one.value).toMatch(/^[A-Za-z0-9_-]{54}$/);
        expect(two.value).not.toBe(one.value);
        expect(await appliance.getToken({ id: one.id })).toEqual(one);
      });

      it("gives the unfinished token back when its creation is repeated, with what is wanted now", async () => {
        const first = await appliance.createToken({ urn: "urn:a", name: "berlin", useLimit: 5 });
        const again = await appliance.createToken({
          urn: "urn:a",
          name: "berlin-2",
          expiresAt: "2028-01-01T00:00:00Z",
        });
        expect(again).toMatchObject({ id: first.id, value: first.value, name: "berlin-2", settled: false });
        expect(again.useLimit).toBeUndefined();
        expect(again.expiresAt).toBe("2028-01-01T00:00:00.000Z");
        expect((await appliance.listTokens({})).tokens).toHaveLength(1);
      });

      it("gives a settled token back as well: its creator may have died before it could say so", async () => {
        const first = await appliance.createToken({ urn: "urn:a", name: "berlin" });
        await appliance.settleToken({ id: first.id });
        const again = await appliance.createToken({ urn: "urn:a", name: "berlin" });
        expect(again).toMatchObject({ id: first.id, value: first.value, settled: true });
      });

      it("refuses a second token of one name, and a value that another token has", async () => {
        const { id } = await appliance.createToken({ name: "berlin", value: "adopted-value-1" });
        const sameName = await refusal(appliance.createToken({ name: "berlin" }));
        expect(sameName.code).toBe("conflict");
        expect(sameName.message).toContain(id);
        const sameValue = await refusal(appliance.createToken({ name: "munich", value: "adopted-value-1" }));
        expect(sameValue.code).toBe("conflict");
        expect(sameValue.message).not.toContain("adopted-value-1");
        expect((await appliance.listTokens({})).tokens.map(({ name }) => name)).toEqual(["berlin"]);
      });

      it("says of a value whether it could enrol a device now", async () => {
        const check = async (value: string) => (await appliance.checkToken({ value })).status;
        const token = await appliance.createToken({ name: "t", useLimit: 1, expiresAt: "2027-03-01T09:00:00Z" });
        expect(await check("nobody's value")).toBe("unknown");
        expect(await appliance.checkToken({ value: token.value })).toEqual({
          status: "valid",
          id: token.id,
          name: "t",
          remainingUses: 1,
          expiresAt: "2027-03-01T09:00:00.000Z",
        });
        await appliance.enrolDevice(device(1, { token: token.value }));
        expect(await check(token.value)).toBe("exhausted");
        await appliance.updateToken({ id: token.id, useLimit: null });
        expect(await check(token.value)).toBe("valid");
        subject.advance(60 * MINUTE_MS);
        expect(await check(token.value)).toBe("expired");
        await appliance.updateToken({ id: token.id, expiresAt: null });
        expect(await check(token.value)).toBe("valid");
        await appliance.updateToken({ id: token.id, enabled: false });
        expect(await check(token.value)).toBe("disabled");
        await appliance.deleteToken({ id: token.id });
        expect(await check(token.value)).toBe("unknown");
      });

      it("rotates a value, and accepts the one before until the overlap ends", async () => {
        const before = await appliance.createToken({ name: "t" });
        const after = await appliance.rotateToken({ id: before.id, overlapUntil: "2027-03-01T08:10:00Z" });
        expect(after.value).not.toBe(before.value);
        expect(after.overlapUntil).toBe("2027-03-01T08:10:00.000Z");
        expect((await appliance.checkToken({ value: before.value })).status).toBe("valid");
        expect((await appliance.checkToken({ value: after.value })).status).toBe("valid");
        subject.advance(10 * MINUTE_MS);
        expect((await appliance.checkToken({ value: before.value })).status).toBe("expired");
        expect((await appliance.checkToken({ value: after.value })).status).toBe("valid");
        const back = await appliance.rotateToken({ id: before.id, value: before.value });
        expect(back.value).toBe(before.value);
        expect((await appliance.checkToken({ value: after.value })).status).toBe("expired");
      });

      it("is found by name without its value, and deleted once", async () => {
        const { id, value } = await appliance.createToken({ name: "berlin" });
        const found = await appliance.findTokenByName({ name: "berlin" });
        expect(found).toMatchObject({ id, name: "berlin" });
        expect(JSON.stringify(found)).not.toContain(value);
        expect(await appliance.findTokenByName({ name: "munich" })).toBeNull();
        expect(await appliance.deleteToken({ id })).toEqual({ deleted: true });
        expect(await appliance.deleteToken({ id })).toEqual({ deleted: false });
        expect((await refusal(appliance.getToken({ id }))).code).toBe("not-found");
      });

      it("is not deleted while a configuration brings it, which another token does not make an edit of", async () => {
        const token = await appliance.createToken({ name: "berlin" });
        const other = await appliance.createToken({ name: "munich" });
        const bringing = ({ value }: { value: string }) =>
          appliance.saveConfiguration({
            id: "config-1",
            name: "fleet",
            description: { targets: "10.0.0.1" },
            token: value,
          });
        const { updatedAt } = await bringing(token);
        await appliance.rotateToken({ id: token.id, overlapUntil: "2027-03-03T00:00:00Z" });
        const refused = await refusal(appliance.deleteToken({ id: token.id }));
        expect(refused).toMatchObject({
          code: "conflict",
          message: 'the token "berlin" cannot be deleted: it is used by configuration "fleet"',
        });
        expect((await appliance.getToken({ id: token.id })).name).toBe("berlin");
        subject.advance(MINUTE_MS);
        expect((await bringing(other)).updatedAt).toBe(updatedAt);
        expect(await appliance.deleteToken({ id: token.id })).toEqual({ deleted: true });
        await appliance.deleteConfiguration({ id: "config-1" });
        expect(await appliance.deleteToken({ id: other.id })).toEqual({ deleted: true });
      });

      it("is made anew for a resource that goes to another organization, with the value that it adopts", async () => {
        await appliance.createOrganization({ name: "berlin" });
        const value = "adopted-value-0001";
        const left = await appliance.createToken({ name: "t", urn: "urn:a", value });
        const made = await appliance.createToken({ organization: "berlin", name: "t", urn: "urn:a", value });
        expect(made).toMatchObject({ organization: "berlin", value });
        expect(made.id).not.toBe(left.id);
        expect((await appliance.checkToken({ value })).id).toBe(made.id);
        const waiting = await appliance.getToken({ id: left.id });
        expect(waiting.urn).toBeUndefined();
        expect(waiting.value).not.toBe(value);
        const again = await appliance.createToken({ organization: "berlin", name: "t", urn: "urn:a", value });
        expect(again.id).toBe(made.id);
        expect(await appliance.deleteToken({ id: left.id })).toEqual({ deleted: true });
        expect((await appliance.checkToken({ value })).status).toBe("valid");
        // A value that has been replaced, and is accepted for a while, passes as well.
        await appliance.rotateToken({ id: made.id, overlapUntil: "2027-03-03T00:00:00Z" });
        const back = await appliance.createToken({ name: "t", urn: "urn:a", value });
        expect((await appliance.checkToken({ value })).id).toBe(back.id);
      });

      it("lists page by page, whatever comes and goes meanwhile", async () => {
        for (const name of ["a", "b", "c", "d", "e"]) await appliance.createToken({ name });
        const first = await appliance.listTokens({ limit: 2 });
        expect(first.tokens.map(({ name }) => name)).toEqual(["a", "b"]);
        await appliance.deleteToken({ id: first.tokens[0]?.id ?? "" });
        const second = await appliance.listTokens({ limit: 2, after: first.next });
        expect(second.tokens.map(({ name }) => name)).toEqual(["c", "d"]);
        const third = await appliance.listTokens({ limit: 2, after: second.next });
        expect(third.tokens.map(({ name }) => name)).toEqual(["e"]);
        expect(third.next).toBeUndefined();
      });
    });

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

    describe("configurations and runs", () => {
      const configuration = { id: "config-1", name: "berlin", description: { targets: "10.0.0.1-9" } };
      const run = { configurationId: "config-1", kind: "up", holder: "ann@ci-7", leaseSeconds: 60 } as const;

      it("saves a configuration and gives it back to a create that is repeated", async () => {
        const saved = await appliance.saveConfiguration({ ...configuration, urn: "urn:c" });
        const again = await appliance.saveConfiguration({ ...configuration, id: "config-2", urn: "urn:c" });
        expect(again).toEqual(saved);
        expect(await appliance.findConfiguration({ urn: "urn:c" })).toMatchObject({ id: "config-1" });
        expect(await appliance.findConfiguration({ name: "munich" })).toBeNull();
        expect((await appliance.getConfiguration({ id: "config-1" })).changedSinceRun).toBe(true);
      });

      it("refuses a name that another configuration has, and names that one", async () => {
        await appliance.saveConfiguration({ ...configuration, urn: "urn:c" });
        const { code, message } = await refusal(appliance.saveConfiguration({ ...configuration, id: "config-2" }));
        expect(code).toBe("conflict");
        expect(message).toContain("urn:c");
      });

      it("lets one run at a time, and says who is busy since when", async () => {
        await appliance.saveConfiguration(configuration);
        const { runId, leaseUntil } = await appliance.startRun(run);
        expect(leaseUntil).toBe("2027-03-01T08:01:00.000Z");
        const { code, message } = await refusal(appliance.startRun({ ...run, holder: "bob@laptop" }));
        expect(code).toBe("conflict");
        expect(message).toMatch(/^busy: ann@ci-7 .*2027-03-01T08:00:00\.000Z$/);
        await appliance.finishRun({ runId, summary: SUMMARY });
        await appliance.finishRun({ runId, summary: SUMMARY });
        await appliance.startRun({ ...run, holder: "bob@laptop" });
      });

      it("takes over a lease that has run out, and tells the one who had it", async () => {
        await appliance.saveConfiguration(configuration);
        const lost = await appliance.startRun(run);
        subject.advance(59 * SECOND_MS);
        await appliance.renewLease({ runId: lost.runId, leaseSeconds: 60 });
        subject.advance(59 * SECOND_MS);
        expect((await refusal(appliance.startRun({ ...run, holder: "bob@laptop" }))).code).toBe("conflict");
        subject.advance(SECOND_MS);
        await appliance.startRun({ ...run, holder: "bob@laptop" });
        for (const late of [
          appliance.renewLease({ runId: lost.runId }),
          appliance.finishRun({ runId: lost.runId, summary: SUMMARY }),
        ]) {
          const { code, message } = await refusal(late);
          expect(code).toBe("conflict");
          expect(message).toContain("bob@laptop");
        }
      });

      it("records outcomes as often as they are sent, and keeps one of each machine", async () => {
        await appliance.saveConfiguration(configuration);
        const { runId } = await appliance.startRun(run);
        const failed = outcome("web1", { class: "failed", code: "disk-full", log: "no space left" });
        await appliance.recordOutcomes({ runId, outcomes: [failed, outcome("web2", { log: "Ünïcode" })] });
        await appliance.recordOutcomes({ runId, outcomes: [outcome("web1", { version: "1.4.2" })] });
        const { outcomes } = await appliance.listOutcomes({ configurationId: "config-1" });
        expect(outcomes).toEqual([
          {
            ...outcome("web1", { version: "1.4.2" }),
            runId,
            configurationId: "config-1",
            recordedAt: "2027-03-01T08:00:00.000Z",
            hasLog: false,
            edited: false,
            dropped: false,
          },
          expect.objectContaining({ machine: "web2", hasLog: true }),
        ]);
        expect(await appliance.outcomeLog({ configurationId: "config-1", machine: "web2" })).toMatchObject({
          runId,
          log: "Ünïcode",
        });
        expect(await appliance.outcomeLog({ configurationId: "config-1", machine: "web1" })).toBeNull();
        const { lastRun } = await appliance.getConfiguration({ id: "config-1" });
        expect(lastRun).toMatchObject({ running: true, total: 2, succeeded: 2, percentSucceeded: 100 });
      });

      it("refuses a log beyond 64 KiB, and outcomes of a run that is finished or unknown", async () => {
        await appliance.saveConfiguration(configuration);
        const { runId } = await appliance.startRun(run);
        const long = appliance.recordOutcomes({ runId, outcomes: [outcome("web1", { log: "x".repeat(65_537) })] });
        expect((await refusal(long)).code).toBe("invalid");
        await appliance.finishRun({ runId, summary: SUMMARY });
        const late = appliance.recordOutcomes({ runId, outcomes: [outcome("web1")] });
        expect((await refusal(late)).code).toBe("conflict");
        const unknown = appliance.recordOutcomes({ runId: "run-0", outcomes: [outcome("web1")] });
        expect((await refusal(unknown)).code).toBe("not-found");
      });

      it("knows what runs that broke off have done, through several of them", async () => {
        await appliance.saveConfiguration(configuration);
        expect(await appliance.unfinished({ configurationId: "config-1" })).toEqual({ run: null, outcomes: [] });
        const first = await appliance.startRun({ ...run, total: 5 });
        await appliance.recordOutcomes({ runId: first.runId, outcomes: [outcome("web1"), outcome("web2")] });
        expect((await appliance.unfinished({ configurationId: "config-1" })).run).toBeNull();
        subject.advance(60 * SECOND_MS);
        const second = await appliance.startRun({ ...run, total: 5 });
        await appliance.recordOutcomes({
          runId: second.runId,
          outcomes: [outcome("web2", { class: "failed", code: "lost" }), outcome("web3")],
        });
        subject.advance(60 * SECOND_MS);
        const third = await appliance.startRun({ ...run, total: 5 });
        const known = await appliance.unfinished({ configurationId: "config-1" });
        expect(known.run).toMatchObject({ runId: second.runId, state: "interrupted", total: 5 });
        expect(known.outcomes.map(({ machine, code }) => [machine, code])).toEqual([
          ["web1", "installed"],
          ["web2", "lost"],
          ["web3", "installed"],
        ]);
        await appliance.finishRun({ runId: third.runId, summary: SUMMARY });
        expect((await appliance.unfinished({ configurationId: "config-1" })).run).toBeNull();
      });

      it("counts what a run that broke off did not come to as not attempted", async () => {
        await appliance.saveConfiguration(configuration);
        const { runId } = await appliance.startRun({ ...run, total: 5 });
        const outcomes = [outcome("web1"), outcome("web2", { class: "failed" }), outcome("web3", { class: "absent" })];
        await appliance.recordOutcomes({ runId, outcomes });
        subject.advance(61 * SECOND_MS);
        const { configurations } = await appliance.listConfigurations({});
        expect(configurations[0]?.lastRun).toMatchObject({
          total: 5,
          succeeded: 1,
          failed: 1,
          absent: 1,
          notAttempted: 2,
          percentSucceeded: 25,
          running: false,
          interrupted: true,
        });
        const { runs } = await appliance.listRuns({});
        expect(runs).toEqual([expect.objectContaining({ runId, state: "interrupted", holder: "ann@ci-7" })]);
      });

      it("says how many machines a run works on just now, each counted once, and none once nobody runs it", async () => {
        await appliance.saveConfiguration(configuration);
        const { runId } = await appliance.startRun({ ...run, total: 5 });
        const counts = async () => {
          const { total, inFlight, notAttempted, succeeded } =
            (await appliance.getConfiguration({ id: "config-1" })).lastRun ?? {};
          return { total, inFlight, notAttempted, succeeded };
        };
        expect(await counts()).toEqual({ total: 5, inFlight: 0, notAttempted: 5, succeeded: 0 });
        await appliance.renewLease({ runId, progress: { inFlight: 3, absent: 0 } });
        expect(await counts()).toEqual({ total: 5, inFlight: 3, notAttempted: 2, succeeded: 0 });
        await appliance.recordOutcomes({
          runId,
          outcomes: [outcome("web1"), outcome("web2")],
          progress: { inFlight: 2, absent: 0 },
        });
        expect(await counts()).toEqual({ total: 5, inFlight: 2, notAttempted: 1, succeeded: 2 });
        // Who says nothing of it leaves it as it was, but what is recorded is no longer worked on.
        await appliance.renewLease({ runId });
        await appliance.recordOutcomes({ runId, outcomes: [outcome("web3"), outcome("web4")] });
        expect(await counts()).toEqual({ total: 5, inFlight: 1, notAttempted: 0, succeeded: 4 });
        subject.advance(61 * SECOND_MS);
        expect(await counts()).toEqual({ total: 5, inFlight: 0, notAttempted: 1, succeeded: 4 });
        const next = await appliance.startRun({ ...run, total: 5 });
        expect(await counts()).toEqual({ total: 5, inFlight: 0, notAttempted: 5, succeeded: 0 });
        await appliance.renewLease({ runId: next.runId, progress: { inFlight: 5, absent: 0 } });
        await appliance.finishRun({ runId: next.runId, summary: SUMMARY });
        expect((await counts()).inFlight).toBe(0);
        await expect(
          appliance.renewLease({ runId: next.runId, progress: { inFlight: -1, absent: 0 } }),
        ).rejects.toMatchObject({
          code: "invalid",
          message: expect.stringContaining("progress.inFlight"),
        });
      });

      it("says at how many addresses nobody was, while a run goes on and when it broke off", async () => {
        await appliance.saveConfiguration(configuration);
        const { runId } = await appliance.startRun({ ...run, total: 65_536 });
        const counts = async () => (await appliance.getConfiguration({ id: "config-1" })).lastRun;
        await appliance.renewLease({ runId, progress: { inFlight: 8, absent: 60_000 } });
        const known = { total: 65_536, absent: 60_000 };
        expect(await counts()).toMatchObject({ ...known, inFlight: 8, notAttempted: 5_528 });
        await appliance.recordOutcomes({
          runId,
          outcomes: [outcome("web1")],
          progress: { inFlight: 7, absent: 60_000 },
        });
        expect(await counts()).toMatchObject({ ...known, inFlight: 7, notAttempted: 5_528, succeeded: 1 });
        subject.advance(61 * SECOND_MS);
        expect(await counts()).toMatchObject({ ...known, inFlight: 0, notAttempted: 5_535, succeeded: 1 });
      });

      it("does not let an older run, or a refresh without news, say what is known of a machine", async () => {
        await appliance.saveConfiguration(configuration);
        const older = await appliance.startRun(run);
        await appliance.recordOutcomes({ runId: older.runId, outcomes: [outcome("web1", { code: "early" })] });
        subject.advance(61 * SECOND_MS);
        const newer = await appliance.startRun(run);
        await appliance.recordOutcomes({ runId: newer.runId, outcomes: [outcome("web1", { code: "newer" })] });
        await appliance.recordOutcomes({ runId: older.runId, outcomes: [outcome("web1", { code: "late" })] });
        await appliance.finishRun({ runId: newer.runId, summary: SUMMARY });
        const refresh = await appliance.startRun({ ...run, kind: "refresh" });
        const noNews = outcome("web1", { class: "unreachable", code: "port-filtered" });
        await appliance.recordOutcomes({ runId: refresh.runId, outcomes: [noNews] });
        const codes = async () =>
          (await appliance.listOutcomes({ configurationId: "config-1" })).outcomes.map(({ code }) => code);
        expect(await codes()).toEqual(["newer"]);
        const drift = outcome("web1", { class: "failed", code: "service-not-running" });
        await appliance.recordOutcomes({ runId: refresh.runId, outcomes: [drift] });
        expect(await codes()).toEqual(["service-not-running"]);
        const ofOlder = await appliance.listOutcomes({ runId: older.runId });
        expect(ofOlder.outcomes.map(({ code }) => code)).toEqual(["late"]);
      });

      it("lists outcomes by machine, class and code, page by page over configurations", async () => {
        for (const id of ["config-1", "config-2"]) {
          await appliance.saveConfiguration({ ...configuration, id, name: id });
          const { runId } = await appliance.startRun({ ...run, configurationId: id });
          const outcomes = [outcome("web1"), outcome("web2", { class: "failed", code: "disk-full" }), outcome("web3")];
          await appliance.recordOutcomes({ runId, outcomes });
        }
        const seen: string[] = [];
        let after: string | undefined;
        do {
          const answer = await appliance.listOutcomes({ limit: 2, after });
          seen.push(...answer.outcomes.map(({ machine, configurationId }) => `${machine} ${configurationId}`));
          after = answer.next;
        } while (after !== undefined);
        expect(seen).toEqual(["web1", "web2", "web3"].flatMap((name) => [`${name} config-1`, `${name} config-2`]));
        expect((await appliance.listOutcomes({ machine: "web3" })).outcomes).toHaveLength(2);
        expect((await appliance.listOutcomes({ classes: ["failed"] })).outcomes).toHaveLength(2);
        expect(
          (await appliance.listOutcomes({ codes: ["disk-full"], configurationId: "config-2" })).outcomes,
        ).toHaveLength(1);
      });

      it("marks outcomes of a configuration that was edited, until it is run again", async () => {
        const edited = async () =>
          (await appliance.listOutcomes({ configurationId: "config-1" })).outcomes.map((one) => one.edited);
        await appliance.saveConfiguration(configuration);
        const first = await appliance.startRun(run);
        await appliance.recordOutcomes({ runId: first.runId, outcomes: [outcome("web1"), outcome("web2")] });
        await appliance.finishRun({ runId: first.runId, summary: SUMMARY });
        subject.advance(SECOND_MS);
        await appliance.saveConfiguration(configuration);
        expect(await edited(), "saved as it was").toEqual([false, false]);
        const description = { ...configuration.description, targets: "web3" };
        await appliance.saveConfiguration({ ...configuration, description });
        expect(await edited()).toEqual([true, true]);
        const second = await appliance.startRun(run);
        await appliance.recordOutcomes({ runId: second.runId, outcomes: [outcome("web1")] });
        expect(await edited(), "the run has come to web1").toEqual([false, true]);
        const dropped = async () =>
          (await appliance.listOutcomes({ configurationId: "config-1" })).outcomes.map((one) => one.dropped);
        expect(await dropped(), "the run may still come to web2").toEqual([false, false]);
        await appliance.finishRun({ runId: second.runId, summary: SUMMARY });
        expect(await edited(), "the run came to all its machines").toEqual([false, false]);
        expect(await dropped(), "web2 was none of them").toEqual([false, true]);
        subject.advance(SECOND_MS);
        await appliance.saveConfiguration(configuration);
        expect(await edited(), "an edit resets them again").toEqual([true, true]);
        const third = await appliance.startRun(run);
        await appliance.recordOutcomes({ runId: third.runId, outcomes: [outcome("web1")] });
        await appliance.finishRun({ runId: third.runId, summary: SUMMARY });
        expect(await edited(), "and a run ends that").toEqual([false, false]);
        expect(await dropped()).toEqual([false, true]);
      });

      it("deletes a configuration with its runs, outcomes and logs", async () => {
        await appliance.saveConfiguration(configuration);
        const { runId } = await appliance.startRun(run);
        await appliance.recordOutcomes({ runId, outcomes: [outcome("web1", { log: "done" })] });
        expect(await appliance.deleteConfiguration({ id: "config-1" })).toEqual({ deleted: true });
        expect(await appliance.deleteConfiguration({ id: "config-1" })).toEqual({ deleted: false });
        expect((await appliance.listOutcomes({})).outcomes).toEqual([]);
        expect((await appliance.listRuns({})).runs).toEqual([]);
        expect(await appliance.outcomeLog({ configurationId: "config-1", machine: "web1" })).toBeNull();
        expect((await refusal(appliance.startRun(run))).code).toBe("not-found");
      });
    });

    describe("devices", () => {
      it("approves a new device with a valid token, and counts the use", async () => {
        const token = await appliance.createToken({ name: "t", useLimit: 1 });
        expect(await appliance.enrolDevice(device(1, { token: token.value }))).toEqual({
          state: "approved",
          organization: "default",
          approvedNow: true,
        });
        expect(await appliance.enrolDevice(device(1, { token: token.value }))).toMatchObject({ approvedNow: false });
        expect((await appliance.tokenUses({ id: token.id })).uses).toEqual([
          { kuid: kuidOf(1), hostname: "web1.corp.example", usedAt: "2027-03-01T08:00:00.000Z" },
        ]);
        expect((await appliance.getToken({ id: token.id })).useCount).toBe(1);
        expect(await appliance.getDevice({ kuid: kuidOf(1) })).toMatchObject({ state: "approved", tokenId: token.id });
      });

      it("counts a limit of uses exactly, however many enrol at once", async () => {
        const token = await appliance.createToken({ name: "t", useLimit: 3 });
        const answers = await Promise.all(
          Array.from({ length: 10 }, (_, index) => appliance.enrolDevice(device(index, { token: token.value }))),
        );
        expect(answers.filter(({ state }) => state === "approved")).toHaveLength(3);
        expect(answers.filter(({ reason }) => reason === "token-exhausted")).toHaveLength(7);
        expect((await appliance.getToken({ id: token.id })).useCount).toBe(3);
      });

      it.each([
        ["no token", "no-token", async () => undefined],
        ["a token nobody made", "token-unknown", async () => "made-up-value"],
        [
          "an expired token",
          "token-expired",
          async () => {
            const { id, value } = await appliance.createToken({ name: "t" });
            await appliance.updateToken({ id, expiresAt: "2027-01-01T00:00:00Z" });
            return value;
          },
        ],
        [
          "a disabled token",
          "token-disabled",
          async () => (await appliance.createToken({ name: "t", enabled: false })).value,
        ],
      ])("puts a device with %s into quarantine", async (_, reason, tokenOf) => {
        const token = await tokenOf();
        const answer = await appliance.enrolDevice(device(1, token === undefined ? {} : { token }));
        expect(answer).toMatchObject({ state: "quarantined", reason, approvedNow: false });
        expect((await appliance.listQuarantine({})).devices).toEqual([
          expect.objectContaining({ kuid: kuidOf(1), reason }),
        ]);
        const { code } = await refusal(
          appliance.recordInventory({ kuid: kuidOf(1), inventory: JSON.stringify({ ...inventory, hostname: "web1" }) }),
        );
        expect(code).toBe("permission-denied");
        const good = await appliance.createToken({ name: "good" });
        expect(await appliance.enrolDevice(device(1, { token: good.value }))).toMatchObject({ state: "approved" });
      });

      const inventory = {
        collectedAt: "2027-03-01T08:00:00.000Z",
        hostname: "web1",
        os: { platform: "linux", id: "debian", version: "12", name: "Debian", architecture: "amd64" },
        agentVersion: "1.4.2",
        addresses: ["10.0.0.1"],
        macs: [],
        memoryBytes: 2_147_483_648,
        uptimeSeconds: 12.5,
      };

      it("blocks, approves and puts back, and a block outlives a valid token", async () => {
        const token = await appliance.createToken({ name: "t" });
        await appliance.enrolDevice(device(1));
        const kuid = kuidOf(1);
        expect(await appliance.setDeviceState({ kuid, state: "blocked" })).toMatchObject({ reason: "blocked" });
        expect(await appliance.enrolDevice(device(1, { token: token.value }))).toMatchObject({ state: "blocked" });
        expect((await appliance.getToken({ id: token.id })).useCount).toBe(0);
        expect(await appliance.setDeviceState({ kuid, state: "approved" })).toEqual({ kuid, state: "approved" });
        await appliance.recordInventory({ kuid, inventory: JSON.stringify(inventory) });
        expect(await appliance.getDevice({ kuid })).toMatchObject({ state: "approved", inventory });
        const back = await appliance.setDeviceState({ kuid, state: "quarantined" });
        expect(back.reason).toBe("awaiting-approval");
        expect(await appliance.enrolDevice(device(1))).toMatchObject({ reason: "awaiting-approval" });
      });

      it("refuses a known device that comes with another key", async () => {
        await appliance.enrolDevice(device(1));
        const other = appliance.enrolDevice(device(1, { publicKey: device(2).publicKey }));
        expect((await refusal(other)).code).toBe("conflict");
      });

      it("tells every change of standing by sequence, deletions included", async () => {
        const { sequence } = await appliance.changesSince({});
        await appliance.enrolDevice(device(1));
        await appliance.enrolDevice(device(1));
        await appliance.setDeviceState({ kuid: kuidOf(1), state: "approved" });
        await appliance.deleteDevice({ kuid: kuidOf(1) });
        const { changes, sequence: now, complete } = await appliance.changesSince({ sequence });
        expect(complete).toBe(true);
        expect(changes).toEqual([
          { change: "standing", kuid: kuidOf(1), state: "quarantined", reason: "no-token" },
          { change: "standing", kuid: kuidOf(1), state: "approved" },
          { change: "deleted", kuid: kuidOf(1) },
        ]);
        expect(await appliance.changesSince({ sequence: now })).toEqual({ sequence: now, complete: true, changes: [] });
        expect((await appliance.changesSince({ sequence: now + 5 })).complete).toBe(false);
      });

      it("finds devices by identity, state, and host name with or without domain", async () => {
        await appliance.enrolDevice(device(1));
        await appliance.enrolDevice(device(2, { hostname: "WEB2" }));
        await appliance.enrolDevice(device(3, { hostname: "web1.other.example" }));
        await appliance.setDeviceState({ kuid: kuidOf(2), state: "approved" });
        const found = async (query: Input<"findDevices">) =>
          (await appliance.findDevices(query)).devices.map(({ kuid }) => Number(kuid.slice(-2)));
        expect(await found({})).toEqual([1, 2, 3]);
        expect(await found({ kuids: [kuidOf(3), kuidOf(9)] })).toEqual([3]);
        expect(await found({ kuids: [] })).toEqual([]);
        expect(await found({ states: ["approved"] })).toEqual([2]);
        expect(await found({ names: ["web1.CORP.example"] })).toEqual([1]);
        expect(await found({ names: ["web1"] })).toEqual([1, 3]);
        expect(await found({ names: ["web2.corp.example"] })).toEqual([2]);
        const { devices } = await appliance.deviceStates({ kuids: [kuidOf(2), kuidOf(9)] });
        expect(devices).toEqual([{ kuid: kuidOf(2), state: "approved", connected: false }]);
      });

      it("gives devices with their inventories where these are asked for, few in a page and none left out", async () => {
        const numbers = Array.from({ length: INVENTORIES_A_PAGE + 3 }, (_, index) => index + 1);
        for (const number of numbers) await appliance.enrolDevice(device(number));
        await appliance.setDeviceState({ kuid: kuidOf(2), state: "approved" });
        const addresses = ["10.0.7.7", "10.0.7.8"];
        await appliance.recordInventory({ kuid: kuidOf(2), inventory: JSON.stringify({ ...inventory, addresses }) });
        const without = await appliance.findDevices({ limit: 1_000 });
        expect(without.devices).toHaveLength(numbers.length);
        expect(without.next).toBeUndefined();
        expect(without.devices.flatMap((found) => found.inventory ?? [])).toEqual([]);
        expect(without.devices[0]).toMatchObject({ kuid: kuidOf(1), address: "10.0.0.1" });
        expect(without.devices[1]).toMatchObject({ addresses: ["10.0.0.2"], address: "10.0.7.7" });
        const first = await appliance.findDevices({ limit: 1_000, inventories: true });
        expect(first.devices).toHaveLength(INVENTORIES_A_PAGE);
        expect(first.devices[1]?.inventory).toEqual({ ...inventory, addresses });
        const second = await appliance.findDevices({ limit: 1_000, inventories: true, after: first.next });
        expect(second.next).toBeUndefined();
        expect([...first.devices, ...second.devices].map(({ kuid }) => kuid)).toEqual(numbers.map(kuidOf));
        expect((await appliance.findDevices({ limit: 2, inventories: true })).devices).toHaveLength(2);
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
