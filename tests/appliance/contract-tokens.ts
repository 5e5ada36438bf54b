import { beforeEach, describe, expect, it } from "vitest";
import type { Appliance } from "../../provider/appliance/appliance.ts";
import { device, refusal } from "./devices.ts";
import type { Subject } from "./subject.ts";

const MINUTE_MS = 60_000;

/** What every appliance does with enrolment tokens: part of the contract. */
export function tokensContract(opened: () => Subject): void {
  describe("tokens", () => {
    let appliance: Appliance;
    let subject: Subject;
    beforeEach(() => {
      subject = opened();
      appliance = subject.appliance;
    });

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
        organization: "default",
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
      expect(await appliance.checkToken({ value })).toMatchObject({ id: made.id, organization: "berlin" });
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

    it("comes back under its name while the one that was left waits, and the left ones are deleted", async () => {
      await appliance.createOrganization({ name: "berlin" });
      // As long as a name can be, of characters that are not to be cut in two.
      const name = "🔑".repeat(100);
      const left = await appliance.createToken({ name, urn: "urn:a" });
      const away = await appliance.createToken({ organization: "berlin", name, urn: "urn:a" });
      const back = await appliance.createToken({ name, urn: "urn:a" });
      expect(new Set([left.id, away.id, back.id]).size).toBe(3);
      const { tokens } = await appliance.listTokens({});
      expect(tokens.map((one) => [one.id, one.name])).toEqual([
        [left.id, `${"🔑".repeat(82)} (left, ${left.id})`],
        [back.id, name],
      ]);
      for (const { id } of [left, away]) expect(await appliance.deleteToken({ id })).toEqual({ deleted: true });
      expect((await appliance.listTokens({ organization: "berlin" })).tokens).toEqual([]);
      expect(await appliance.getToken({ id: back.id })).toMatchObject({ name, urn: "urn:a", value: back.value });
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
}
