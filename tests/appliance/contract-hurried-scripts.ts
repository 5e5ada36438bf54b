import { describe, expect, it } from "vitest";
import type { Input } from "../../provider/appliance/appliance.ts";
import { kuidOf } from "./devices.ts";
import { AT_NOON, MINUTE_MS, NEXT_WEEK, scriptOrders } from "./script-orders.ts";
import type { Subject } from "./subject.ts";

/** When an appliance does not leave scripts for later to their agents' own looks: part of the contract. @param opened the subject of the test that runs */
export function hurriedScriptsContract(opened: () => Subject): void {
  const { appliance, tasks, updates, record, says, approved, order, send } = scriptOrders(opened);

  describe("scripts for later that may come too late", () => {
    it.each<[string, Input<"updateSettings">, string, string]>([
      [
        "in a window of an hour",
        { communicationsWindow: { from: "06:00", to: "07:00" } },
        "2027-03-02T17:18:00Z",
        "T17:19:00Z",
      ],
      [
        "in one of all but two hours",
        { communicationsWindow: { from: "23:00", to: "21:00" }, scriptingUpdateIntervalSeconds: 60 },
        "2027-03-01T11:02:06Z",
        "T11:02:07Z",
      ],
    ])("are brought at once unless a look %s is sure before", async (_what, settings, soon, afterThat) => {
      await approved();
      await appliance().updateSettings(settings);
      await order(`${soon.slice(0, 10)}${afterThat}`);
      expect(await updates()).toEqual([]);
      await order(soon);
      expect(await updates()).toHaveLength(1);
    });

    it("are brought at once where other settings make their agents' look too late, unless they are kept", async () => {
      await approved(["tasks", "scripting-update"], 1, 2);
      await order("2027-03-01T17:00:00Z", "uptime", { kuids: [kuidOf(1), kuidOf(2)] });
      const [second] = await tasks({ kuids: [kuidOf(2)], types: ["script"] });
      expect(await says([second?.id ?? ""], false, 2)).toBe(true);
      await appliance().updateSettings({ runIntervalSeconds: 86_400, splashText: "Please wait" });
      expect(await updates()).toEqual([]);
      await appliance().updateSettings({ communicationsWindow: { from: "22:00", to: "06:00" } });
      expect(await updates()).toMatchObject([{ kuid: kuidOf(1), state: "ready" }]);
      await send();
      await appliance().updateSettings({ scriptingUpdateIntervalSeconds: 86_400 });
      expect(await updates()).toHaveLength(2);
      await send();
      await appliance().resetSettings({});
      expect(await updates()).toHaveLength(2);
    });

    it("are brought again at once to an agent that lost them and will not look before their time", async () => {
      await approved();
      const [soon, late] = [await order(AT_NOON), await order(NEXT_WEEK)];
      const [update] = await send();
      await record({ id: update?.id ?? "", kuid: kuidOf(1), status: "completed" });
      expect(await says([soon, late], false)).toBe(true);
      expect(await says([], false)).toBe(false);
      const scripts = await tasks({ types: ["script"] });
      expect(scripts.map(({ heldSince }) => heldSince)).toEqual([undefined, undefined]);
      expect(await updates()).toHaveLength(2);
      await send();
      // Nothing changes by saying it again.
      expect(await says([], false)).toBe(false);
      expect(await updates()).toHaveLength(2);
    });

    it("wait for the look of an agent that lost them where there is time", async () => {
      await approved();
      const id = await order(NEXT_WEEK);
      expect(await says([id], false)).toBe(true);
      expect(await says([], false)).toBe(false);
      expect((await tasks())[0]?.heldSince).toBeUndefined();
      expect(await updates()).toEqual([]);
    });

    it("are brought at once to an agent that comes back shortly before their time, without end where that is vain", async () => {
      await approved();
      const kept = await order(NEXT_WEEK, "uptime", { expiresInSeconds: 86_400 });
      expect(await says([kept], false)).toBe(true);
      const missing = await order("2027-03-06T08:00:00Z");
      opened().advance(4.9 * 24 * 60 * MINUTE_MS);
      for (const _time of [1, 2, 3]) {
        expect(await says([kept], false)).toBe(false);
        const [update, ...others] = await updates();
        expect(others).toEqual([]);
        await send();
        await record({ id: update?.id ?? "", kuid: kuidOf(1), status: "failed", note: `the script ${missing}: no` });
      }
      opened().advance(10 * MINUTE_MS);
      await says([kept], false);
      expect(await updates()).toHaveLength(2);
      // What it keeps is still known to be kept.
      expect((await tasks({ types: ["script"] })).find(({ id }) => id === kept)?.heldSince).toBeDefined();
    });
  });
}
