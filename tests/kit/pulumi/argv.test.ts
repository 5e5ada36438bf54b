import { describe, expect, it } from "vitest";
import { readArguments } from "../../../provider/kit/pulumi/argv.ts";

describe("the command line of a plugin", () => {
  it.each([
    [["127.0.0.1:4242"], { kind: "engine", engineAddress: "127.0.0.1:4242" }],
    [["--logtostderr", "-v=9", "127.0.0.1:4242"], { kind: "engine", engineAddress: "127.0.0.1:4242" }],
    [["-v", "9", "--tracing", "file:x.trace", "127.0.0.1:4242"], { kind: "engine", engineAddress: "127.0.0.1:4242" }],
    [["--flag-of-next-year=1", "localhost:1", "rest"], { kind: "engine", engineAddress: "localhost:1" }],
    [["--attach"], { kind: "attach" }],
    [["--attach", "127.0.0.1:4242"], { kind: "attach" }],
    [[], { kind: "headless" }],
    [["9"], { kind: "headless" }],
    [["no address"], { kind: "headless" }],
  ])("%j", (args, expected) => {
    expect(readArguments(args, false)).toEqual(expected);
  });

  it("of a person in a terminal is told from one of a program", () => {
    expect(readArguments([], true)).toEqual({ kind: "person" });
    expect(readArguments(["127.0.0.1:4242"], true)).toEqual({ kind: "engine", engineAddress: "127.0.0.1:4242" });
  });
});
