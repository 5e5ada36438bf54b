import { sign } from "node:crypto";
import { describe, expect, it } from "vitest";
import { localNames } from "../../../provider/appliance/server/local-names.ts";
import { parseAgentMessage } from "../../../provider/appliance/server/messages.ts";
import { isSignedHello } from "../../../provider/appliance/server/signature.ts";
import { newIdentity } from "./agent.ts";

describe("what an agent says", () => {
  it.each([
    ['{"type":"heartbeat"}', { kind: "message", message: { type: "heartbeat" } }],
    ['{"type":"heartbeat","more":1}', { kind: "message", message: { type: "heartbeat" } }],
    ['{"type":"from-the-future","x":[1]}', { kind: "ignored" }],
    ['{"type":"toString"}', { kind: "ignored" }],
    ['{"type":"inventory","x":', { kind: "message", message: { type: "inventory", text: '{"type":"inventory","x":' } }],
    [
      '{ "x":1, "type":"inventory" }',
      { kind: "message", message: { type: "inventory", text: '{ "x":1, "type":"inventory" }' } },
    ],
    ["", { kind: "malformed", problem: "it is not JSON" }],
    ["\u0000\u0001", { kind: "malformed", problem: "it is not JSON" }],
    ["[]", { kind: "malformed", problem: "it has no type" }],
    ["null", { kind: "malformed", problem: "it has no type" }],
    ['{"type":7}', { kind: "malformed", problem: "it has no type" }],
  ])("%j is read as %j", (text, parsed) => {
    expect(parseAgentMessage(text)).toEqual(parsed);
  });

  it("names the property that is wrong, and never its value", () => {
    const parsed = parseAgentMessage(JSON.stringify({ type: "hello", protocol: 1, token: ["canary"] }));
    expect(parsed).toMatchObject({ kind: "malformed", problem: expect.stringContaining("of the hello") });
    expect(JSON.stringify(parsed)).not.toContain("canary");
  });
});

describe("the signature of a hello", () => {
  const { kuid, publicKey, privateKey } = newIdentity();
  const hello = { publicKey, nonce: "n".repeat(43), kuid, host: "kace.example:8443" };
  const text = `kace-agent-hello-v1\n${hello.nonce}\n${kuid}\n${hello.host}`;
  const signature = sign(null, Buffer.from(text), privateKey).toString("base64url");

  it("is good for the key, the nonce, the device and the server that it is for", async () => {
    expect(await isSignedHello({ ...hello, signature })).toBe(true);
  });

  it.each([
    ["relayed from another server", { host: "other.example:8443" }],
    ["replayed", { nonce: "m".repeat(43) }],
    ["of another device", { kuid: "00000000-0000-4000-8000-000000000000" }],
    ["of another key", { publicKey: newIdentity().publicKey }],
    ["with a key that is no point", { publicKey: "_".repeat(43) }],
    ["with another signature", { signature: "A".repeat(86) }],
  ])("is bad for a hello %s", async (_, changes) => {
    expect(await isSignedHello({ ...hello, signature, ...changes })).toBe(false);
  });
});

describe("the names of a server", () => {
  const address = (text: string) => ({
    address: text,
    netmask: "",
    family: "IPv4" as const,
    mac: "",
    internal: false,
    cidr: null,
  });
  const interfaces = { eth0: [address("10.0.0.5"), address("fe80::1")], absent: undefined };

  it.each([
    ["0.0.0.0", ["kace.example", "ctl", "localhost", "127.0.0.1", "::1", "10.0.0.5"]],
    ["10.9.9.9", ["kace.example", "ctl", "localhost", "127.0.0.1", "::1", "10.9.9.9"]],
  ])("when it listens on %s are %j", (host, names) => {
    expect(localNames({ name: "kace.example", host, hostname: "ctl", interfaces })).toEqual(names);
  });
});
