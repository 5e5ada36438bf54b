import { createHash, randomBytes } from "node:crypto";
import { describe, expect, it } from "vitest";
import { device, kuidOf, refusal } from "./devices.ts";
import type { Subject } from "./subject.ts";

/** What every appliance does about packages of updates: part of the contract. @param opened the subject of the test that runs */
export function taskPackagesContract(opened: () => Subject): void {
  const appliance = () => opened().appliance;

  async function put(content: Buffer): Promise<string> {
    const sha256 = createHash("sha256").update(content).digest("hex");
    await appliance().putPackage(sha256, content.length, once(content));
    return sha256;
  }

  /** Queues an update of device 1 and has it begin. */
  async function updating(sha256: string, rollback: string): Promise<string> {
    const { value } = await appliance().createToken({ name: "agents" });
    for (const number of [1, 2]) await appliance().enrolDevice(device(number, { token: value }));
    const one = { version: "1.5.0", sizeBytes: 1, format: "deb", fileName: "agent.deb" };
    const { tasks } = await appliance().queueTasks({
      kuids: [kuidOf(1)],
      type: "self-update",
      payload: { ...one, sha256, confirmSeconds: 60, rollback: { ...one, version: "1.4.2", sha256: rollback } },
    });
    return tasks[0]?.id ?? "";
  }

  describe("packages of updates", () => {
    it("go part by part to the device whose update runs, and to nobody else", async () => {
      const content = randomBytes(300_000);
      const [sha256, rollback, other] = [
        await put(content),
        await put(Buffer.from("old")),
        await put(Buffer.from("x")),
      ];
      const taskId = await updating(sha256, rollback);
      const read = (input: { kuid?: string; taskId?: string; sha256?: string; offset?: number }) =>
        appliance().readTaskPackage({ kuid: kuidOf(1), taskId, sha256, offset: 0, ...input });
      expect((await refusal(read({}))).code).toBe("permission-denied");
      await appliance().recordTasks({ tasks: [{ id: taskId, kuid: kuidOf(1), status: "started" }] });
      const parts: Buffer[] = [];
      for (let offset = 0; ; ) {
        const { sizeBytes, data } = await read({ offset });
        expect(sizeBytes).toBe(content.length);
        const part = Buffer.from(data, "base64");
        if (part.length === 0) break;
        parts.push(part);
        offset += part.length;
      }
      expect(parts.map(({ length }) => length)).toEqual([131_072, 131_072, 37_856]);
      expect(Buffer.concat(parts)).toEqual(content);
      expect(await read({ sha256: rollback })).toEqual({ sizeBytes: 3, data: "b2xk" });
      expect((await read({ offset: 1_000_000 })).data).toBe("");
      for (const wrong of [{ sha256: other }, { kuid: kuidOf(2) }, { taskId: "task-of-nobody" }])
        expect((await refusal(read(wrong))).code).toBe("permission-denied");
      await appliance().recordTasks({ tasks: [{ id: taskId, kuid: kuidOf(1), status: "failed" }] });
      expect((await refusal(read({}))).code).toBe("permission-denied");
    });

    it("that are not here any more are said to be gone", async () => {
      const gone = "a".repeat(64);
      const taskId = await updating(gone, gone);
      await appliance().recordTasks({ tasks: [{ id: taskId, kuid: kuidOf(1), status: "started" }] });
      const asked = appliance().readTaskPackage({ kuid: kuidOf(1), taskId, sha256: gone, offset: 0 });
      expect((await refusal(asked)).code).toBe("not-found");
    });
  });
}

async function* once(content: Buffer): AsyncGenerator<Uint8Array> {
  yield content;
}
