import { describe, expect, it } from "vitest";
import type { Input } from "../../provider/appliance/appliance.ts";
import { ApplianceError } from "../../provider/appliance/errors.ts";
import type { Subject } from "./subject.ts";

const HOUR_MS = 3_600_000;

async function refusal(work: Promise<unknown>): Promise<ApplianceError> {
  const thrown = await work.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (!(thrown instanceof ApplianceError)) throw new Error(`expected a refusal, got ${String(thrown)}`);
  return thrown;
}

const KEY: Input<"pinHostKey"> = {
  host: "web1",
  port: 22,
  type: "ssh-ed25519",
  key: "AAAA1",
  fingerprint: "SHA256:one",
};

/** What every appliance does with organizations and API tokens: part of the contract. @param opened the subject of the test that runs */
export function organizationsContract(opened: () => Subject): void {
  describe("organizations", () => {
    it("are made, described, listed by name, and deleted", async () => {
      const { appliance } = opened();
      const berlin = await appliance.createOrganization({ name: "berlin", description: "The plant in Berlin" });
      expect(berlin).toMatchObject({ name: "berlin", createdAt: "2027-03-01T08:00:00.000Z" });
      await appliance.createOrganization({ name: "aachen" });
      const { organizations } = await appliance.listOrganizations({});
      expect(organizations.map(({ name }) => name)).toEqual(["aachen", "berlin", "default"]);
      expect(await appliance.updateOrganization({ name: "berlin", description: null })).toMatchObject({
        name: "berlin",
      });
      expect((await appliance.getOrganization({ name: "berlin" })).description).toBeUndefined();
      expect(await appliance.deleteOrganization({ name: "berlin" })).toEqual({ deleted: true });
      expect(await appliance.deleteOrganization({ name: "berlin" })).toEqual({ deleted: false });
      expect((await refusal(appliance.getOrganization({ name: "berlin" }))).code).toBe("not-found");
    });

    it("are given back to the same URN, and to no other", async () => {
      const { appliance } = opened();
      await appliance.createOrganization({ name: "berlin", urn: "urn:a" });
      const again = await appliance.createOrganization({
        name: "berlin",
        urn: "urn:a",
        description: "what is wanted now",
      });
      expect(again).toMatchObject({ urn: "urn:a", description: "what is wanted now" });
      expect((await refusal(appliance.createOrganization({ name: "berlin", urn: "urn:b" }))).code).toBe("conflict");
      expect((await refusal(appliance.createOrganization({ name: "berlin" }))).code).toBe("conflict");
    });

    it("that the same URN wants under another name leave the one before: gone if empty, else nobody's", async () => {
      const { appliance } = opened();
      const names = async () => (await appliance.listOrganizations({})).organizations.map(({ name }) => name);
      await appliance.createOrganization({ name: "berlin", urn: "urn:a" });
      await appliance.createOrganization({ name: "bonn", urn: "urn:a" });
      expect(await names()).toEqual(["bonn", "default"]);
      await appliance.createToken({ organization: "bonn", name: "site" });
      expect(await appliance.createOrganization({ name: "aachen", urn: "urn:a" })).toMatchObject({ urn: "urn:a" });
      expect(await names()).toEqual(["aachen", "bonn", "default"]);
      expect((await appliance.getOrganization({ name: "bonn" })).urn).toBeUndefined();
      expect((await refusal(appliance.createOrganization({ name: "bonn", urn: "urn:a" }))).code).toBe("conflict");
    });

    it("have a history of their own within that of the appliance", async () => {
      const { appliance } = opened();
      await appliance.createOrganization({ name: "berlin" });
      await appliance.createToken({ organization: "berlin", name: "site" });
      await appliance.createToken({ name: "elsewhere" });
      const named = async (query: Input<"listHistory">) =>
        (await appliance.listHistory(query)).entries.map(({ subjectName }) => subjectName);
      expect(await named({ organization: "berlin" })).toEqual(["site"]);
      expect(await named({ organization: "default" })).toEqual(["elsewhere"]);
      // Behind a server there is more before: the server itself, and the API token of this test.
      expect((await named({})).slice(0, 3)).toEqual(["elsewhere", "site", "berlin"]);
      expect((await refusal(appliance.listHistory({ organization: "bonn" }))).code).toBe("not-found");
    });

    it("are not deleted while anything is in them, and it is said what", async () => {
      const { appliance } = opened();
      await appliance.createOrganization({ name: "berlin" });
      const token = await appliance.createToken({ organization: "berlin", name: "site" });
      await appliance.pinHostKey({ organization: "berlin", ...KEY });
      const bound = await appliance.createApiToken({ name: "berlin-ci", organization: "berlin" });
      const { code, message } = await refusal(appliance.deleteOrganization({ name: "berlin" }));
      expect(code).toBe("conflict");
      expect(message).toMatch(/tokens: 1.*API tokens: 1/);
      await appliance.deleteToken({ id: token.id });
      await appliance.deleteApiToken({ id: bound.id });
      // Pinned host keys go with it.
      expect(await appliance.deleteOrganization({ name: "berlin" })).toEqual({ deleted: true });
      await appliance.createOrganization({ name: "berlin" });
      expect((await appliance.listHostKeys({ organization: "berlin" })).hostKeys).toEqual([]);
    });

    it("always have the default one", async () => {
      const { code, message } = await refusal(opened().appliance.deleteOrganization({ name: "default" }));
      expect(code).toBe("conflict");
      expect(message).toContain("default");
    });

    it.each([[""], ["two words"], ["-berlin"], ["a/b"], ["x".repeat(65)]])("are not called %j", async (name) => {
      expect((await refusal(opened().appliance.createOrganization({ name }))).code).toBe("invalid");
    });

    it("have names and host keys of their own", async () => {
      const { appliance } = opened();
      await appliance.createOrganization({ name: "berlin" });
      const one = await appliance.createToken({ name: "site" });
      const other = await appliance.createToken({ organization: "berlin", name: "site" });
      expect(other.id).not.toBe(one.id);
      expect((await appliance.listTokens({ organization: "berlin" })).tokens.map(({ id }) => id)).toEqual([other.id]);
      await appliance.pinHostKey(KEY);
      await appliance.pinHostKey({ ...KEY, organization: "berlin", key: "AAAA2", fingerprint: "SHA256:two" });
      const { hostKeys } = await appliance.listHostKeys({ organization: "berlin" });
      expect(hostKeys.map(({ fingerprint }) => fingerprint)).toEqual(["SHA256:two"]);
      expect((await appliance.listHostKeys({})).hostKeys.map(({ fingerprint }) => fingerprint)).toEqual(["SHA256:one"]);
    });
  });

  describe("API tokens", () => {
    it("are given once, with role, organization and expiry, and known until they are deleted", async () => {
      const { appliance } = opened();
      const before = (await appliance.listApiTokens({})).apiTokens.length;
      const { value, ...token } = await appliance.createApiToken({ name: "pipeline" });
      expect(token).toMatchObject({ name: "pipeline", role: "operator" });
      expect(await appliance.checkApiToken({ value })).toEqual({ ...token, expired: false });
      expect(await appliance.checkApiToken({ value: `${value}x` })).toBeNull();
      const { apiTokens } = await appliance.listApiTokens({});
      expect(apiTokens).toHaveLength(before + 1);
      expect(JSON.stringify(apiTokens)).not.toContain(value);
      expect((await refusal(appliance.createApiToken({ name: "pipeline" }))).code).toBe("conflict");
      expect(await appliance.deleteApiToken({ id: token.id })).toEqual({ deleted: true });
      expect(await appliance.checkApiToken({ value })).toBeNull();
    });

    it("end at their expiry", async () => {
      const { appliance, advance } = opened();
      const { value } = await appliance.createApiToken({
        name: "short",
        role: "read-only",
        expiresAt: "2027-03-01T09:00:00Z",
      });
      expect(await appliance.checkApiToken({ value })).toMatchObject({ role: "read-only", expired: false });
      advance(HOUR_MS);
      expect(await appliance.checkApiToken({ value })).toMatchObject({ expired: true });
    });

    it("say when they were used last", async () => {
      const { appliance, advance } = opened();
      const { id, value } = await appliance.createApiToken({ name: "pipeline" });
      advance(HOUR_MS);
      await appliance.recordApiTokenUse({ id });
      expect(await appliance.checkApiToken({ value })).toMatchObject({ lastUsedAt: "2027-03-01T09:00:00.000Z" });
    });

    it.each<[string, Input<"createApiToken">, string]>([
      ["an expiry that has passed", { name: "t", expiresAt: "2027-03-01T08:00:00Z" }, "invalid"],
      ["an expiry that is no moment", { name: "t", expiresAt: "tomorrow" }, "invalid"],
      ["an organization that there is not", { name: "t", organization: "berlin" }, "not-found"],
      ["a name of blanks", { name: "  " }, "invalid"],
    ])("are not made with %s", async (_, input, code) => {
      const { appliance } = opened();
      const before = await appliance.listApiTokens({});
      expect((await refusal(appliance.createApiToken(input))).code).toBe(code);
      expect(await appliance.listApiTokens({})).toEqual(before);
    });
  });

  it("counts devices and runs by organization and state", async () => {
    const { appliance } = opened();
    expect(await appliance.getStatistics({})).toEqual({ devices: [], runs: [] });
    await appliance.saveConfiguration({ id: "config-1", name: "fleet", description: { targets: "web1" } });
    await appliance.startRun({ configurationId: "config-1", kind: "up", holder: "a test" });
    expect((await appliance.getStatistics({})).runs).toEqual([{ organization: "default", state: "running", count: 1 }]);
  });
}
