import { describe, expect, it } from "vitest";
import { accessTo } from "../../provider/appliance/access.ts";
import { unknown } from "../../provider/kit/define/value.ts";
import { label } from "../../provider/resources/label.ts";
import { newFolder, openedIn } from "../appliance/local/folders.ts";

const urnOf = (name: string) => `urn:pulumi:dev::site::kace:index:Label::${name}`;

const naming = (...labels: unknown[]) => ({
  filter: { any: labels.map((value) => ({ property: "label", operator: "equals", value })) },
});

/** An appliance, and a program whose labels are checked in the order in which they come by. */
async function site() {
  const appliance = await openedIn(newFolder());
  const client = accessTo(async () => ({ ...appliance, close: async () => undefined }), {
    endpoint: "local",
    isLocal: true,
    maxConcurrency: undefined,
  });
  const ignore = () => undefined;
  const log = { debug: ignore, info: ignore, warn: ignore, error: ignore, status: ignore };
  const context = { client, log, signal: new AbortController().signal };
  const check = async (resource: string, inputs: object, old?: { readonly name: string }) => {
    const asking = { urn: urnOf(resource), logicalName: resource, old };
    const given = { organization: "default", name: resource, ...inputs };
    const found = await label.handlers.check?.({ ...asking, inputs: given }, context);
    return (found ?? []).filter(({ severity }) => severity !== "warning");
  };
  const save = (name: string, inputs: object = {}, urn?: string) => appliance.saveLabel({ name, ...inputs, urn });
  return { appliance, context, check, save };
}

const cycle = (path: (string | number)[], way: string) => [
  { path, reason: `labels would mean themselves: ${way}; take one of these conditions away` },
];

describe("labels that would mean themselves by what one program says of them", () => {
  it("are refused in the check of the last of them, at its condition", async () => {
    const { check, save } = await site();
    for (const name of ["a", "b", "c"]) await save(name);
    expect(await check("a", naming("c", "b"))).toEqual([]);
    expect(await check("b", naming("a"))).toEqual(cycle(["filter", "any", 0, "value"], "b -> a -> b"));
    expect(await check("c", naming("b", "a"))).toEqual(cycle(["filter", "any", 1, "value"], "c -> a -> c"));
  });

  it("are refused by way of what the appliance has, and of labels that are still to be made", async () => {
    const { check, save } = await site();
    await save("a");
    await save("between", naming("a"));
    expect(await check("new", naming("between"))).toEqual([]);
    expect(await check("a", naming("new"))).toEqual(cycle(["filter", "any", 0, "value"], "a -> new -> between -> a"));
  });

  it("are refused under their new names", async () => {
    const { check, save } = await site();
    await save("one", {}, urnOf("a"));
    await save("imported");
    await save("third", naming("one", "imported"));
    expect(await check("a", { name: "two", machines: [] }, { name: "one" })).toEqual([]);
    expect(await check("b", { name: "taken" }, { name: "imported" })).toEqual([]);
    expect(await check("a", { name: "two", ...naming("third") }, { name: "one" })).toMatchObject([
      { reason: expect.stringContaining("two -> third -> two") },
    ]);
    expect(await check("b", { name: "taken", ...naming("third") }, { name: "imported" })).toMatchObject([
      { reason: expect.stringContaining("taken -> third -> taken") },
    ]);
  });

  it("are not those whose conditions the same program takes away before", async () => {
    const { check, save } = await site();
    await save("b");
    await save("a", naming("b"));
    expect(await check("b", naming("a"))).toMatchObject([{ path: ["filter", "any", 0, "value"] }]);
    for (const other of [{ machines: ["web01"] }, {}, naming("elsewhere"), naming(unknown)]) {
      expect(await check("a", other)).toEqual([]);
      expect(await check("b", naming("a"))).toEqual([]);
      expect(await check("a", { machines: [] })).toEqual([]);
    }
    // Another program, and another organization, have nothing to do with it.
    const { check: inAnother } = await site();
    expect(await check("a", { organization: "berlin", ...naming("b") })).toEqual([]);
    expect(await check("b", { organization: "bonn", ...naming("a") })).toEqual([]);
    expect(await inAnother("b", naming("a"))).toEqual([]);
  });

  it("are refused by the appliance at the condition too", async () => {
    const { context, save } = await site();
    const { id } = await save("a");
    await save("b", naming("a"));
    const inputs = { organization: "default", name: "a", ...naming("a1", "b") };
    await save("a1");
    const old = { inputs: { organization: "default", name: "a" }, outputs: { kind: "manual" } };
    const updating = label.handlers.update?.(
      { urn: urnOf("a"), logicalName: "a", id, inputs, old, changes: [] },
      context,
    );
    await expect(updating).rejects.toMatchObject({
      code: "conflict",
      path: ["filter", "any", 1, "value"],
      message: "labels would mean themselves: a -> b -> a",
    });
  });
});
