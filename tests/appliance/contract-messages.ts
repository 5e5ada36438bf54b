import { describe, expect, it } from "vitest";
import type { Input } from "../../provider/appliance/appliance.ts";
import { device, kuidOf, refusal } from "./devices.ts";
import type { Subject } from "./subject.ts";

/** What every appliance does about its message queue: part of the contract. @param opened the subject of the test that runs */
export function messagesContract(opened: () => Subject): void {
  const appliance = () => opened().appliance;
  const send = (input: Partial<Input<"sendMessage">>) =>
    appliance().sendMessage({ kuids: [kuidOf(1)], type: "alert", payload: "maintenance at six", ...input });
  const queue = async () => (await appliance().listMessages({})).messages;

  async function approved(...numbers: readonly number[]): Promise<void> {
    const { value } = await appliance().createToken({ name: `token for ${numbers.join()}` });
    for (const number of numbers) await appliance().enrolDevice(device(number, { token: value }));
  }

  describe("the message queue", () => {
    it("keeps alerts also for devices that are not connected, until they expire", async () => {
      await approved(1, 2);
      const sent = await send({ kuids: [kuidOf(1), kuidOf(2), kuidOf(1)], expiresInSeconds: 60 });
      expect(sent).toMatchObject({ messages: 2, notConnected: [] });
      expect(await queue()).toEqual(
        [1, 2].map((number) => ({
          id: expect.stringMatching(/^message-[0-9a-f]{20}$/),
          organization: "default",
          kuid: kuidOf(number),
          machine: `web${number}.corp.example`,
          type: "alert",
          sourceId: sent.sourceId,
          payload: "maintenance at six",
          status: "pending",
          connected: false,
          createdAt: "2027-03-01T08:00:00.000Z",
          expiresAt: "2027-03-01T08:01:00.000Z",
        })),
      );
      opened().advance(59_999);
      expect(await queue()).toHaveLength(2);
      const expired = async () => (await appliance().listDueMessages({ instanceId: "of the test" })).expired;
      expect(await expired()).toBe(false);
      opened().advance(1);
      expect(await queue()).toEqual([]);
      expect(await expired()).toBe(true);
      await appliance().recordMessages({ messages: [] });
      expect(await expired()).toBe(false);
    });

    it("takes nothing but alerts for devices that are not connected, and names them", async () => {
      await approved(1, 2);
      expect(await send({ kuids: [kuidOf(1), kuidOf(2)], type: "check-in", payload: "" })).toMatchObject({
        messages: 0,
        notConnected: [kuidOf(1), kuidOf(2)],
      });
      expect(await queue()).toEqual([]);
    });

    it("gives messages of one device, in portions", async () => {
      await approved(1, 2);
      for (const payload of ["one", "two", "three"]) await send({ kuids: [kuidOf(1), kuidOf(2)], payload });
      const first = await appliance().listMessages({ kuid: kuidOf(2), limit: 2 });
      expect(first.messages.map(({ payload }) => payload)).toEqual(["one", "two"]);
      const rest = await appliance().listMessages({ kuid: kuidOf(2), limit: 2, after: first.next });
      expect(rest.messages.map(({ payload }) => payload)).toEqual(["three"]);
      expect(rest.next).toBeUndefined();
    });

    it("gives messages up when they are deleted, and those of a device that is", async () => {
      await approved(1, 2);
      await send({ kuids: [kuidOf(1)] });
      await send({ kuids: [kuidOf(2)] });
      const [first] = await queue();
      expect(await appliance().deleteMessages({ ids: [first?.id ?? ""] })).toEqual({ deleted: 1 });
      expect(await appliance().deleteMessages({ ids: [first?.id ?? ""] })).toEqual({ deleted: 0 });
      await appliance().deleteDevice({ kuid: kuidOf(2) });
      expect(await queue()).toEqual([]);
      await send({});
      expect(await appliance().deleteMessages({})).toEqual({ deleted: 1 });
    });

    it("keeps what became of a message, which never goes back, and hears it of its own device only", async () => {
      await approved(1, 2);
      await send({});
      const [{ id } = { id: "" }] = await queue();
      const record = (kuid: string, status: "sent" | "received" | "completed" | "failed", note?: string) =>
        appliance().recordMessages({ messages: [{ id, kuid, status, note }] });
      await record(kuidOf(2), "completed");
      expect(await queue()).toMatchObject([{ status: "pending" }]);
      await record(kuidOf(1), "failed", "no terminal");
      await record(kuidOf(1), "sent");
      expect(await queue()).toMatchObject([{ status: "failed", note: "no terminal" }]);
      await appliance().recordMessages({ messages: [{ id: "message-gone", kuid: kuidOf(1), status: "sent" }] });
    });

    it("says in the history who sent what to whom", async () => {
      await approved(1, 2);
      await send({});
      await send({ kuids: [kuidOf(1), kuidOf(2)], type: "check-in", payload: "" });
      const { entries } = await appliance().listHistory({ limit: 2 });
      expect(entries.map(({ subjectName, changes }) => [subjectName, changes])).toEqual([
        ["2 devices", [{ property: "check-in", from: null, to: "asked for" }]],
        ["web1.corp.example", [{ property: "alert", from: null, to: "maintenance at six" }]],
      ]);
    });

    it.each<[string, Partial<Input<"sendMessage">>, string, string]>([
      ["a device nobody knows", { kuids: [kuidOf(9)] }, "not-found", "there is no device"],
      ["a device in quarantine", { kuids: [kuidOf(3)] }, "invalid", "is not approved"],
      ["an alert without a text", { payload: " " }, "invalid", "expected the text of the alert"],
      ["a text that moves a cursor", { payload: "\u001b[2J" }, "invalid", "without control characters"],
      ["a text that is too long", { payload: "x".repeat(2_001) }, "invalid", "payload"],
      ["no device", { kuids: [] }, "invalid", "kuids"],
      ["no time to live", { expiresInSeconds: 0 }, "invalid", "expiresInSeconds"],
      ["another organization", { organization: "nobodys" }, "not-found", "organization"],
    ])("refuses %s, and puts nothing into the queue", async (_what, input, code, message) => {
      await approved(1);
      await appliance().enrolDevice(device(3));
      const refused = await refusal(send(input));
      expect(refused).toEqual({ code, message: expect.stringContaining(message) });
      expect(await queue()).toEqual([]);
    });
  });
}
