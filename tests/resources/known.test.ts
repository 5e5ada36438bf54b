import { describe, expect, it } from "vitest";
import { Unknown } from "../../provider/kit/define/value.ts";
import { wholly } from "../../provider/resources/known.ts";
import { installs } from "../../provider/resources/provisioning/presence.ts";

const unknown = new Unknown();

describe("properties that a preview knows", () => {
  it("are taken whole, or not at all", () => {
    const known = { a: 1, b: [{ c: "x" }], d: null };
    expect(wholly<object>(known)).toBe(known);
    for (const partly of [{ a: unknown }, { a: 1, b: [{ c: unknown }] }, { d: { e: { f: unknown } } }])
      expect(wholly<object>(partly)).toBeUndefined();
  });
});

describe("whether a configuration installs agents", () => {
  const linux = { username: "root" };
  it.each([
    [{ state: "present" }, true],
    [{ state: "removed" }, false],
    [{ state: "present", linux }, true],
    [{ state: "present", linux: { ...linux, state: "removed" } }, false],
    [{ state: "removed", linux: { ...linux, state: "present" } }, true],
    [{ state: unknown }, undefined],
    [{ state: "present", linux: unknown }, undefined],
    [{ state: "present", linux: { ...linux, state: unknown } }, undefined],
  ])("%j: %s", (inputs, answer) => {
    expect(installs(inputs as Parameters<typeof installs>[0])).toBe(answer); // only what it reads is there
  });
});
