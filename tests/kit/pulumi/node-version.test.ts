import { isBuiltin } from "node:module";
import { describe, expect, it } from "vitest";
import { whyNotThisNode } from "../../../provider/kit/pulumi/node-version.ts";

const all = () => true;

describe("the Node that runs a plugin", () => {
  it.each(["22.18.0", "22.19.1", "24.0.0", "26.1.0"])("may be %s", (version) => {
    expect(whyNotThisNode(version, all, ["node:sqlite"])).toBeUndefined();
  });

  it.each(["22.17.9", "20.20.2", "18.0.0"])("may not be %s, and one sentence says which is needed", (version) => {
    expect(whyNotThisNode(version, all, [])).toBe(`Node 22.18 or newer is needed; this is ${version}.`);
  });

  it("must have been built with the modules that are used", () => {
    expect(whyNotThisNode("24.0.0", () => false, ["node:sqlite"])).toBe(
      'Node 22.18 or newer with "node:sqlite" is needed; this Node 24.0.0 was built without it.',
    );
  });

  it("is good enough here", () => {
    expect(whyNotThisNode(process.versions.node, isBuiltin, ["node:sqlite"])).toBeUndefined();
  });
});
