import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import type { Input } from "../../provider/appliance/appliance.ts";
import type { MachineFilter } from "../../provider/appliance/filter/filter.ts";
import { device, kuidOf, refusal, refusedProperties } from "./devices.ts";
import type { Subject } from "./subject.ts";

const hosts = (value: string): MachineFilter => ({ all: [{ property: "hostname", operator: "matches", value }] });

/** What every appliance does about its quarantine: part of the contract. @param opened the subject of the test that runs */
export function quarantineContract(opened: () => Subject): void {
  const appliance = () => opened().appliance;
  const decide = (input: Input<"saveQuarantineDecision">) => appliance().saveQuarantineDecision(input);
  const enrol = (number: number, more: Partial<Input<"enrolDevice">> = {}) =>
    appliance().enrolDevice(device(number, more));
  const stateOf = async (number: number) => (await appliance().getDevice({ kuid: kuidOf(number) })).state;
  const decisionOf = (id: string) => appliance().getQuarantineDecision({ id });

  describe("decisions about the quarantine", () => {
    it("approve or block one device at once, or when it comes", async () => {
      await enrol(1);
      const { sequence } = await appliance().changesSince({});
      const { decidedNow } = await decide({ name: "one", verdict: "approve", kuid: kuidOf(1) });
      expect(decidedNow).toBe(1);
      expect(await stateOf(1)).toBe("approved");
      expect((await appliance().changesSince({ sequence })).changes).toEqual([
        { change: "standing", kuid: kuidOf(1), state: "approved" },
      ]);
      await decide({ name: "two", verdict: "approve", kuid: kuidOf(2) });
      await decide({ name: "three", verdict: "block", kuid: kuidOf(3) });
      expect(await enrol(2)).toEqual({ state: "approved", organization: "default", approvedNow: true });
      const token = await appliance().createToken({ name: "t" });
      expect(await enrol(3, { token: token.value })).toMatchObject({ state: "blocked", reason: "blocked" });
      expect((await appliance().getToken({ id: token.id })).useCount).toBe(0);
      const { entries } = await appliance().listHistory({ subject: `device:${kuidOf(2)}` });
      expect(entries[0]?.changes).toContainEqual({ property: "decision", from: null, to: "two" });
    });

    it("by rule let in those that wait and those that come, the lowest priority first", async () => {
      await enrol(1);
      await enrol(2, { hostname: "db2" });
      await decide({ name: "no databases", verdict: "block", rule: hosts("db*"), priority: 1 });
      expect([await stateOf(1), await stateOf(2)]).toEqual(["quarantined", "blocked"]);
      const { decidedNow } = await decide({ name: "all of ours", verdict: "approve", rule: hosts("*"), priority: 2 });
      expect(decidedNow).toBe(1);
      expect([await stateOf(1), await stateOf(2)]).toEqual(["approved", "blocked"]);
      expect(await enrol(3)).toMatchObject({ state: "approved", approvedNow: true });
      expect(await enrol(4, { hostname: "DB4.corp.example" })).toMatchObject({ state: "blocked" });
      const { decisions } = await appliance().listQuarantineDecisions({});
      expect(decisions.map(({ name, priority, inForce }) => [name, priority, inForce])).toEqual([
        ["all of ours", 2, true],
        ["no databases", 1, true],
      ]);
    });

    it("by rule leave alone what is approved, blocked, or put back by a person; a decision about the device goes before", async () => {
      for (const number of [1, 2, 3]) await enrol(number);
      await appliance().setDeviceState({ kuid: kuidOf(1), state: "approved" });
      await appliance().setDeviceState({ kuid: kuidOf(2), state: "approved" });
      await appliance().setDeviceState({ kuid: kuidOf(2), state: "quarantined" });
      await decide({ name: "this one", verdict: "approve", kuid: kuidOf(4) });
      await decide({ name: "nobody", verdict: "block", rule: hosts("*") });
      expect([await stateOf(1), await stateOf(2), await stateOf(3)]).toEqual(["approved", "quarantined", "blocked"]);
      expect(await enrol(2)).toMatchObject({ state: "quarantined", reason: "awaiting-approval" });
      expect(await enrol(4)).toMatchObject({ state: "approved" });
      const token = await appliance().createToken({ name: "t" });
      expect(await enrol(5, { token: token.value })).toMatchObject({ state: "approved" });
    });

    it("are not in force any more once somebody decided otherwise, until they are made again", async () => {
      await enrol(1);
      const { id } = await decide({ name: "one", verdict: "approve", kuid: kuidOf(1) });
      expect((await decisionOf(id)).inForce).toBe(true);
      await appliance().setDeviceState({ kuid: kuidOf(1), state: "blocked" });
      expect((await decisionOf(id)).inForce).toBe(false);
      await decide({ id, name: "one", verdict: "approve", kuid: kuidOf(1) });
      expect((await decisionOf(id)).inForce).toBe(true);
      expect(await stateOf(1)).toBe("approved");
    });

    it("about one device take back what they did when they are deleted, and only that", async () => {
      for (const number of [1, 2, 3]) await enrol(number);
      const token = await appliance().createToken({ name: "t" });
      await enrol(2, { token: token.value });
      const ids: string[] = [];
      for (const number of [1, 2, 3])
        ids.push((await decide({ name: `${number}`, verdict: "approve", kuid: kuidOf(number) })).id);
      await appliance().setDeviceState({ kuid: kuidOf(3), state: "blocked" });
      for (const id of ids) expect(await appliance().deleteQuarantineDecision({ id })).toEqual({ deleted: true });
      expect([await stateOf(1), await stateOf(2), await stateOf(3)]).toEqual(["quarantined", "approved", "blocked"]);
      expect(await appliance().deleteQuarantineDecision({ id: ids[0] ?? "" })).toEqual({ deleted: false });
      const rule = await decide({ name: "all", verdict: "approve", rule: hosts("*") });
      expect(await stateOf(1)).toBe("approved");
      await appliance().deleteQuarantineDecision({ id: rule.id });
      expect(await stateOf(1)).toBe("approved");
    });

    it("give the device they were about back when they come to be about another", async () => {
      await enrol(1);
      await enrol(2);
      const { id } = await decide({ name: "one", verdict: "block", kuid: kuidOf(1) });
      await decide({ id, name: "one", verdict: "block", kuid: kuidOf(2) });
      expect([await stateOf(1), await stateOf(2)]).toEqual(["quarantined", "blocked"]);
      await decide({ id, name: "one", verdict: "approve", rule: hosts("web*") });
      expect([await stateOf(1), await stateOf(2)]).toEqual(["approved", "approved"]);
    });

    it("come back to the resource whose creation was killed, and are one of a name and of a device", async () => {
      const first = await decide({ urn: "urn:a", name: "one", verdict: "approve", kuid: kuidOf(1) });
      const again = await decide({ urn: "urn:a", name: "one", verdict: "block", kuid: kuidOf(1) });
      expect(again).toMatchObject({ id: first.id, verdict: "block" });
      const sameName = await refusal(decide({ name: "one", verdict: "approve", kuid: kuidOf(2) }));
      expect(sameName).toMatchObject({ code: "conflict", message: expect.stringContaining(first.id) });
      const sameDevice = await refusal(decide({ name: "two", verdict: "approve", kuid: kuidOf(1) }));
      expect(sameDevice).toMatchObject({ code: "conflict", message: expect.stringContaining('"one"') });
      const properties = [
        await refusedProperties(decide({ name: "one", verdict: "approve", kuid: kuidOf(2) })),
        await refusedProperties(decide({ name: "two", verdict: "approve", kuid: kuidOf(1) })),
        await refusedProperties(decide({ name: "two", verdict: "approve" })),
      ];
      expect(properties).toEqual([["name"], ["kuid"], ["kuid"]]);
      expect((await refusal(decisionOf("decision-0"))).code).toBe("not-found");
    });

    it.each<[string, Partial<Input<"saveQuarantineDecision">>, string]>([
      ["about nobody", {}, "one of the two"],
      ["about one device and by rule", { kuid: kuidOf(1), rule: hosts("*") }, "one of the two"],
      [
        "by a rule on labels",
        { rule: { any: [{ property: "label", operator: "equals", value: "web" }] } },
        "a device in quarantine has no labels",
      ],
      ["by a rule without a condition", { rule: {} }, "at least one condition"],
      ["about what is no KUID", { kuid: "web 1" }, "identity of a device"],
    ])("are refused %s", async (_, more, problem) => {
      const refused = await refusal(decide({ name: "wrong", verdict: "approve", ...more }));
      expect(refused.code).toBe("invalid");
      expect(refused.message).toContain(problem);
    });
  });

  describe("a KUID that is seen twice", () => {
    const machine = (text: string) => createHash("sha256").update(text).digest("hex");

    it("is told apart and recorded, until its device is forgotten", async () => {
      await enrol(1, { machineId: machine("original") });
      const { publicKey } = device(2);
      const { kuid } = device(1);
      const other = { kuid, publicKey, hostname: "copy", machineId: machine("copy"), addresses: ["10.0.0.9"] };
      expect((await refusal(enrol(1, { publicKey }))).code).toBe("conflict");
      expect(await appliance().recordKeyConflict(other)).toMatchObject({ isNew: true, sameMachine: false });
      opened().advance(60_000);
      expect(await appliance().recordKeyConflict(other)).toMatchObject({ isNew: false });
      const anew = { ...other, publicKey: device(3).publicKey, machineId: machine("original"), hostname: "web1" };
      opened().advance(60_000);
      await appliance().recordKeyConflict(anew);
      const { keyConflicts } = await appliance().listKeyConflicts({});
      expect(keyConflicts).toEqual([
        expect.objectContaining({ hostname: "web1", sameMachine: true, attempts: 1 }),
        {
          kuid,
          knownHostname: "web1.corp.example",
          hostname: "copy",
          sameMachine: false,
          addresses: ["10.0.0.9"],
          firstSeenAt: "2027-03-01T08:00:00.000Z",
          lastSeenAt: "2027-03-01T08:01:00.000Z",
          attempts: 2,
        },
      ]);
      const first = await appliance().listKeyConflicts({ limit: 1 });
      const second = await appliance().listKeyConflicts({ limit: 1, after: first.next });
      expect([...first.keyConflicts, ...second.keyConflicts]).toEqual(keyConflicts);
      expect((await refusal(appliance().recordKeyConflict({ ...other, publicKey: device(1).publicKey }))).code).toBe(
        "invalid",
      );
      const copied = { ...other, publicKey: device(1).publicKey, machineId: machine("original"), copied: true };
      expect(await appliance().recordKeyConflict(copied)).toMatchObject({ isNew: true, sameMachine: false });
      expect((await refusal(appliance().recordKeyConflict({ ...other, copied: true }))).code).toBe("invalid");
      await appliance().deleteDevice({ kuid });
      expect((await appliance().listKeyConflicts({})).keyConflicts).toEqual([]);
    });
  });
}
