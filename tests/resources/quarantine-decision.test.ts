import { describe, expect, it } from "vitest";
import { accessTo } from "../../provider/appliance/access.ts";
import { unknown } from "../../provider/kit/define/value.ts";
import { quarantineDecision } from "../../provider/resources/quarantine-decision.ts";
import { kuidOf } from "../appliance/devices.ts";
import { newFolder, openedIn } from "../appliance/local/folders.ts";

const urn = "urn:pulumi:dev::site::kace:index:QuarantineDecision::mine";
const theirs = "urn:pulumi:prod::other::kace:index:QuarantineDecision::theirs";
const identity = { urn, logicalName: "mine" };
const one = { organization: "default", name: "mine", decision: "approve", kuid: kuidOf(1) };

async function site() {
  const appliance = await openedIn(newFolder());
  const client = accessTo(async () => ({ ...appliance, close: async () => undefined }), {
    endpoint: "local",
    isLocal: true,
    maxConcurrency: undefined,
  });
  const said: string[] = [];
  const note = (text: string) => void said.push(text);
  const log = { debug: note, info: note, warn: note, error: note, status: note };
  return { appliance, said, context: { client, log, signal: new AbortController().signal } };
}

describe("a device that another resource decides about", () => {
  it("is warned of in a preview, and refused at its property in the update", async () => {
    const { appliance, said, context } = await site();
    const { previewCreate, previewUpdate, create, update } = quarantineDecision.handlers;
    await appliance.saveQuarantineDecision({ urn: theirs, name: "theirs", verdict: "block", kuid: kuidOf(1) });
    await previewCreate?.({ ...identity, inputs: one }, context);
    const warning = expect.stringContaining(`kuid: "theirs" (${theirs}) is about device ${kuidOf(1)} already`);
    expect(said.splice(0)).toEqual([warning]);
    const refused = {
      code: "conflict",
      path: ["kuid"],
      message: expect.stringContaining(`there is already a decision about device ${kuidOf(1)}: "theirs"`),
    };
    await expect(create({ ...identity, inputs: one, exists: () => undefined }, context)).rejects.toMatchObject(refused);

    const before = { ...one, kuid: kuidOf(2) };
    const { id } = await create({ ...identity, inputs: before, exists: () => undefined }, context);
    said.splice(0);
    const old = { inputs: before, outputs: { inForce: true } };
    const change = { path: ["kuid"], kind: "update", effect: "update" } as const;
    const asked = { ...identity, id, inputs: one, old };
    await previewUpdate?.({ ...asked, changes: [change] }, context);
    expect(said.splice(0)).toEqual([warning]);
    await expect(update?.({ ...asked, changes: [change] }, context)).rejects.toMatchObject(refused);
  });

  it("is nothing to be said of where there is none, it is this one's, or not known yet", async () => {
    const { appliance, said, context } = await site();
    const { previewCreate } = quarantineDecision.handlers;
    await previewCreate?.({ ...identity, inputs: one }, context);
    await appliance.saveQuarantineDecision({ urn, name: "mine", verdict: "block", kuid: kuidOf(1) });
    await appliance.saveQuarantineDecision({ urn: theirs, name: "theirs", verdict: "block", kuid: kuidOf(2) });
    await previewCreate?.({ ...identity, inputs: one }, context);
    await previewCreate?.({ ...identity, inputs: { ...one, kuid: unknown } }, context);
    expect(said).toEqual([]);
  });
});
