import { describe, expect, it } from "vitest";
import type { Input } from "../../provider/appliance/appliance.ts";
import type { MachineFilter } from "../../provider/appliance/filter/filter.ts";
import { device, kuidOf, refusal, refusedProperties } from "./devices.ts";
import type { Subject } from "./subject.ts";

type Condition = NonNullable<MachineFilter["all"]>[number];

const is = (
  property: Condition["property"],
  value: string,
  operator: Condition["operator"] = "equals",
): MachineFilter => ({ all: [{ property, operator, value }] });

/** What every appliance does with labels: part of the contract. @param opened the subject of the test that runs */
export function labelContract(opened: () => Subject): void {
  const appliance = () => opened().appliance;

  /** Enrols a device and approves it. */
  async function approved(number: number, more: Partial<Input<"enrolDevice">> = {}): Promise<void> {
    await appliance().enrolDevice(device(number, more));
    await appliance().setDeviceState({ kuid: kuidOf(number), state: "approved" });
  }

  async function membersOf(id: string): Promise<string[]> {
    const { members } = await appliance().listLabelMembers({ id });
    return members.map(({ hostname }) => hostname);
  }

  describe("labels", () => {
    it("have the machines that are listed, by KUID or host name, and wait for those that have not enrolled", async () => {
      await approved(1);
      await appliance().enrolDevice(device(2));
      const { id } = await appliance().saveLabel({
        name: "berlin",
        machines: ["WEB1", "web2.corp.example", kuidOf(3), "web4"],
      });
      expect(await appliance().listLabelMembers({ id })).toEqual({
        members: [{ kuid: kuidOf(1), hostname: "web1.corp.example", address: "10.0.0.1", connected: false }],
        pending: ["web2.corp.example", kuidOf(3), "web4"],
      });
      await appliance().setDeviceState({ kuid: kuidOf(2), state: "approved" });
      await approved(3);
      expect(await membersOf(id)).toEqual(["web1.corp.example", "web2.corp.example", "web3.corp.example"]);
      const { labels } = await appliance().listLabels({});
      expect(labels).toMatchObject([{ name: "berlin", kind: "manual", members: 3, pending: 1 }]);
    });

    it.each<[string, MachineFilter, readonly number[]]>([
      ["the host name, with its domain or without", is("hostname", "WEB1"), [1]],
      ["the whole host name", is("hostname", "web1.corp.example"), [1]],
      ["a pattern of host names", is("hostname", "web?.corp.*", "matches"), [1, 2]],
      ["what is not in a host name", is("hostname", "web1", "notEquals"), [2, 3]],
      ["the system", is("os.id", "ubuntu"), [2]],
      ["a system's version", is("os.version", "13", "versionBelow"), [1, 3]],
      ["the agent's version, by numbers and not by letters", is("agentVersion", "1.10", "versionAtLeast"), [3]],
      ["the processor", is("architecture", "arm", "startsWith"), [3]],
      ["a network", is("address", "10.0.0.0/31", "inRange"), [1]],
      ["a range by octets", is("address", "10.0.0.2-3", "inRange"), [2, 3]],
      ["a network of the other family", is("address", "fd00::/64", "inRange"), [3]],
      ["a MAC address with hyphens", is("mac", "02-00-00-00-00-03"), [3]],
      [
        "all of it, some of it and none of it",
        {
          all: [{ property: "os.platform", operator: "equals", value: "linux" }],
          any: [
            { property: "hostname", operator: "startsWith", value: "web" },
            { property: "hostname", operator: "startsWith", value: "db" },
          ],
          none: [{ property: "os.id", operator: "equals", value: "ubuntu" }],
        },
        [1, 3],
      ],
    ])("mean by a filter on %s", async (_, filter, expected) => {
      const os = { platform: "linux", id: "debian", version: "12", name: "Debian", architecture: "amd64" };
      await approved(1);
      await approved(2, { os: { ...os, id: "ubuntu", version: "22.04" } });
      await approved(3, {
        hostname: "db3",
        agentVersion: "1.10.0",
        os: { ...os, architecture: "arm64" },
        addresses: ["10.0.0.3", "fd00::3"],
        macs: ["02:00:00:00:00:03"],
      });
      await appliance().enrolDevice(device(4));
      const { id } = await appliance().saveLabel({ name: "some", filter });
      const { members } = await appliance().listLabelMembers({ id });
      expect(members.map(({ kuid }) => kuid)).toEqual(expected.map(kuidOf));
    });

    it("go by the last inventory, as soon as it is there", async () => {
      await approved(1);
      const { id } = await appliance().saveLabel({
        name: "new agents",
        filter: is("agentVersion", "2", "versionAtLeast"),
      });
      expect(await membersOf(id)).toEqual([]);
      const { os, addresses, macs } = device(1);
      await appliance().recordInventory({
        kuid: kuidOf(1),
        inventory: JSON.stringify({
          collectedAt: "2027-03-01T08:00:00.000Z",
          hostname: "web1.corp.example",
          os,
          addresses,
          macs,
          agentVersion: "2.0.1",
        }),
      });
      expect(await membersOf(id)).toEqual(["web1.corp.example"]);
    });

    it("name other labels, also after these have another name, and cannot be deleted beneath them", async () => {
      await approved(1);
      const web = await appliance().saveLabel({ name: "web", filter: is("hostname", "web", "startsWith") });
      const others = await appliance().saveLabel({
        name: "others",
        filter: { all: [{ property: "label", operator: "notEquals", value: "web" }] },
      });
      const same = await appliance().saveLabel({ name: "same", filter: is("label", "web") });
      await appliance().saveLabel({ id: web.id, name: "www", filter: is("hostname", "web", "startsWith") });
      expect((await appliance().getLabel({ id: same.id })).filter).toEqual(is("label", "www"));
      expect(await membersOf(same.id)).toEqual(["web1.corp.example"]);
      expect(await membersOf(others.id)).toEqual([]);
      const refused = await refusal(appliance().deleteLabel({ id: web.id }));
      expect(refused.code).toBe("conflict");
      expect(refused.message).toBe('label "www" is used by label "others", label "same"');
      for (const { id } of [same, others, web])
        expect(await appliance().deleteLabel({ id })).toEqual({ deleted: true });
      expect(await appliance().deleteLabel({ id: web.id })).toEqual({ deleted: false });
      expect((await appliance().getDevice({ kuid: kuidOf(1) })).state).toBe("approved");
    });

    it("refuse to mean themselves, and say by what way they would", async () => {
      const one = await appliance().saveLabel({ name: "one", machines: [] });
      await appliance().saveLabel({ name: "two", filter: is("label", "one") });
      await appliance().saveLabel({ name: "three", filter: is("label", "two") });
      const circle = await refusal(appliance().saveLabel({ id: one.id, name: "one", filter: is("label", "three") }));
      expect(circle).toEqual({
        code: "conflict",
        message: "labels would mean themselves: one -> three -> two -> one",
      });
      expect(
        await refusedProperties(appliance().saveLabel({ id: one.id, name: "one", filter: is("label", "three") })),
      ).toEqual(["filter.all.0.value"]);
      const itself = await refusal(appliance().saveLabel({ name: "four", filter: is("label", "four", "notEquals") }));
      expect(itself.message).toContain("four -> four");
      expect((await refusal(appliance().saveLabel({ name: "five", filter: is("label", "six") }))).message).toContain(
        'no label "six"',
      );
      expect((await appliance().getLabel({ id: one.id })).kind).toBe("manual");
      expect((await appliance().listLabels({})).labels.map(({ name }) => name)).toEqual(["one", "three", "two"]);
    });

    it("are changed by hand, under whatever name a machine was put in", async () => {
      await approved(1);
      const { id } = await appliance().saveLabel({ name: "berlin" });
      const change = (more: Partial<Input<"changeLabelMachines">>) => appliance().changeLabelMachines({ id, ...more });
      expect(await change({ add: [kuidOf(1), "web1", "web7"] })).toEqual({ added: 2, removed: 0 });
      expect(await change({ add: ["WEB7"] })).toEqual({ added: 0, removed: 0 });
      expect((await appliance().getLabel({ id })).machines).toEqual([kuidOf(1), "web7"]);
      expect(await change({ remove: ["web1", "nobody"] })).toEqual({ added: 0, removed: 1, missing: ["nobody"] });
      // Saved without a list, it keeps the one it has.
      await appliance().saveLabel({ id, name: "berlin", description: "by hand" });
      expect((await appliance().getLabel({ id })).machines).toEqual(["web7"]);
      await appliance().saveLabel({ id, name: "berlin", filter: is("hostname", "web7") });
      expect((await refusal(change({ add: ["web1"] }))).code).toBe("invalid");
      const { entries } = await appliance().listHistory({ subject: `label:${id}` });
      expect(entries.map(({ what }) => what)).toEqual([
        "saveLabel",
        "saveLabel",
        "changeLabelMachines",
        "changeLabelMachines",
        "saveLabel",
      ]);
      expect(entries[2]?.changes).toEqual([{ property: "machines", from: `${kuidOf(1)}, web7`, to: "web7" }]);
    });

    it("come back to the resource whose creation was killed, and have names of their own", async () => {
      const first = await appliance().saveLabel({ urn: "urn:a", name: "berlin", machines: ["web1"] });
      const again = await appliance().saveLabel({ urn: "urn:a", name: "berlin", machines: ["web2"] });
      expect(again).toMatchObject({ id: first.id, machines: ["web2"] });
      expect(await appliance().findLabelByName({ name: "berlin" })).toMatchObject({ id: first.id });
      expect(await appliance().findLabelByName({ name: "munich" })).toBeNull();
      const taken = await refusal(appliance().saveLabel({ name: "berlin", machines: [] }));
      expect(taken.code).toBe("conflict");
      expect(taken.message).toContain(first.id);
      expect((await refusal(appliance().getLabel({ id: "label-0" }))).code).toBe("not-found");
      expect((await refusal(appliance().saveLabel({ id: "label-0", name: "x" }))).code).toBe("not-found");
    });

    it("are made anew for a resource that goes to another organization, where the old one waits to be deleted", async () => {
      await appliance().createOrganization({ name: "berlin" });
      const left = await appliance().saveLabel({ urn: "urn:a", name: "web", machines: ["web1"] });
      const made = await appliance().saveLabel({
        organization: "berlin",
        urn: "urn:a",
        name: "web",
        machines: ["web1"],
      });
      expect(made.id).not.toBe(left.id);
      expect((await appliance().getLabel({ id: left.id })).urn).toBeUndefined();
      // An id is of one label, wherever it is.
      const moved = await refusal(appliance().saveLabel({ organization: "berlin", id: left.id, name: "web" }));
      expect(moved.message).toContain('exists in organization "default"');
      expect(await appliance().deleteLabel({ id: left.id })).toEqual({ deleted: true });
      const again = await appliance().saveLabel({ organization: "berlin", urn: "urn:a", name: "web", machines: [] });
      expect(again.id).toBe(made.id);
    });

    it("come back under their name while the one that was left waits, for whatever names them too", async () => {
      await appliance().createOrganization({ name: "berlin" });
      const ours = { urn: "urn:a", name: "web", machines: ["web1"] };
      const left = await appliance().saveLabel(ours);
      const naming = await appliance().saveLabel({ name: "naming", filter: is("label", "web") });
      await appliance().saveUpdatePolicy({ labels: ["web"], filter: is("label", "web") });
      const filters = async () => {
        const { given } = await appliance().getUpdatePolicy({});
        return [(await appliance().getLabel({ id: naming.id })).filter, given.filter, given.labels];
      };
      const away = await appliance().saveLabel({ ...ours, organization: "berlin" });
      // Until it comes back, they mean the one that was left.
      const waiting = `web (left, ${left.id})`;
      expect(await filters()).toEqual([is("label", waiting), is("label", waiting), [waiting]]);
      const back = await appliance().saveLabel(ours);
      expect(new Set([left.id, away.id, back.id]).size).toBe(3);
      expect(await filters()).toEqual([is("label", "web"), is("label", "web"), ["web"]]);
      for (const { id } of [left, away]) expect(await appliance().deleteLabel({ id })).toEqual({ deleted: true });
      expect((await appliance().listLabels({})).labels.map(({ name }) => name)).toEqual(["naming", "web"]);
      expect((await appliance().listLabels({ organization: "berlin" })).labels).toEqual([]);
    });

    it("are listed page by page, and so are their machines", async () => {
      for (const number of [1, 2, 3]) await approved(number);
      for (const name of ["a", "b", "c"]) await appliance().saveLabel({ name, filter: is("hostname", "*", "matches") });
      const first = await appliance().listLabels({ limit: 2 });
      expect(first.labels.map(({ name, members }) => [name, members])).toEqual([
        ["a", 3],
        ["b", 3],
      ]);
      const second = await appliance().listLabels({ limit: 2, after: first.next });
      expect(second.labels.map(({ name }) => name)).toEqual(["c"]);
      const id = first.labels[0]?.id ?? "";
      const members = await appliance().listLabelMembers({ id, limit: 2 });
      expect(members.members.map(({ kuid }) => kuid)).toEqual([kuidOf(1), kuidOf(2)]);
      const rest = await appliance().listLabelMembers({ id, limit: 2, after: members.next });
      expect(rest.members.map(({ kuid }) => kuid)).toEqual([kuidOf(3)]);
      expect(rest.next).toBeUndefined();
    });

    it.each<[string, Partial<Input<"saveLabel">>, string]>([
      ["a list and a filter at once", { machines: [], filter: is("hostname", "web1") }, "not both"],
      ["a filter without a condition", { filter: {} }, "at least one condition"],
      ["a comparison that means nothing", { filter: is("hostname", "10.0.0.0/8", "inRange") }, "inRange says nothing"],
      ["a range that is none", { filter: is("address", "10.0.0.0/99", "inRange") }, "expected a range of addresses"],
      ["a version that is none", { filter: is("agentVersion", "new", "versionBelow") }, "expected a version"],
      ["a machine with a blank in its name", { machines: ["web 1"] }, "without blanks"],
    ])("refuse %s", async (_, more, problem) => {
      const refused = await refusal(appliance().saveLabel({ name: "wrong", ...more }));
      expect(refused.code).toBe("invalid");
      expect(refused.message).toContain(problem);
      expect((await appliance().listLabels({})).labels).toEqual([]);
    });
  });
}
