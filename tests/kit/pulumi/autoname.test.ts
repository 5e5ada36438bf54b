import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { autoname, type NamingRequest } from "../../../provider/kit/pulumi/autoname.ts";

const seed = new Uint8Array(32).fill(7);
const request: NamingRequest = { logicalName: "web", seed, mode: "default", proposed: "" };

describe("an automatic name", () => {
  it("is the logical name and seven random characters", () => {
    expect(autoname("name", {}, request)).toEqual({ name: expect.stringMatching(/^web-[a-z0-9]{7}$/) });
  });

  it("follows from the seed alone, so that a plan can be repeated", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 0, maxLength: 32 }), fc.string({ minLength: 1 }), (bytes, logicalName) => {
        const one = autoname("name", {}, { ...request, logicalName, seed: bytes });
        expect(autoname("name", {}, { ...request, logicalName, seed: bytes })).toEqual(one);
      }),
    );
  });

  it("differs for another seed", () => {
    expect(autoname("name", {}, { ...request, seed: new Uint8Array(32) })).not.toEqual(autoname("name", {}, request));
  });

  it("is never longer than allowed and keeps its random part", () => {
    const made = autoname("name", { maxLength: 12 }, { ...request, logicalName: "a-very-long-logical-name" });
    expect(made).toEqual({ name: expect.stringMatching(/^a-ve-[a-z0-9]{7}$/) });
  });

  it("is the logical name where no randomness is wanted", () => {
    expect(autoname("name", { randomLength: 0 }, request)).toEqual({ name: "web" });
  });

  it.each(["propose", "enforce"] as const)("is what the user's configuration says in mode %s", (mode) => {
    expect(autoname("name", {}, { ...request, mode, proposed: "web-prod" })).toEqual({ name: "web-prod" });
  });

  it("must be given where the user disabled automatic naming", () => {
    expect(autoname("name", {}, { ...request, mode: "disable" })).toEqual({
      reason: expect.stringContaining('"name" must be given'),
    });
  });

  it("from the configuration is refused when it does not fit", () => {
    expect(autoname("name", { maxLength: 4 }, { ...request, mode: "enforce", proposed: "too-long" })).toEqual({
      reason: expect.stringContaining("longer than the 4 characters"),
    });
  });
});
