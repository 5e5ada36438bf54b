import { execFileSync } from "node:child_process";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { parsePublicKey } from "../../provider/machines/ssh/host-key.ts";
import { judgeHostKey, knownKeyTypes } from "../../provider/machines/ssh/judge-host-key.ts";
import { lookUpKnownHost } from "../../provider/machines/ssh/known-hosts.ts";
import { makeKey, temporaryFolder } from "./sshd.ts";

const folder = temporaryFolder();
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const key = makeKey(folder, "key", "ed25519").publicKey;
const other = makeKey(folder, "other", "ed25519").publicKey;
const rsa = makeKey(folder, "rsa", "rsa").publicKey;

function hostKey(line: string) {
  const parsed = parsePublicKey(line);
  if (parsed === undefined) throw new Error(`no key: ${line}`);
  return parsed;
}

describe("a known_hosts line", () => {
  test.each([
    ["web01", "web01", 22, true],
    ["web01", "WEB01", 22, true],
    ["WEB01", "web01", 22, true],
    ["web01", "web010", 22, false],
    ["web01,10.0.0.1", "10.0.0.1", 22, true],
    ["web*", "web01.corp", 22, true],
    ["web0?", "web01", 22, true],
    ["web0?", "web0", 22, false],
    ["web.1", "webx1", 22, false],
    ["*.corp,!db.corp", "web.corp", 22, true],
    ["*.corp,!db.corp", "db.corp", 22, false],
    ["!db.corp", "web.corp", 22, false],
    ["[web01]:2222", "web01", 2222, true],
    ["[web01]:2222", "web01", 22, false],
    ["[web01]:2222", "web01", 2223, false],
    ["web01", "web01", 2222, true],
    ["[2001:db8::1]:2222", "2001:db8::1", 2222, true],
    ["2001:db8::1", "2001:db8::1", 22, true],
  ])("for %s speaks of %s port %d: %s", (hosts, host, port, speaks) => {
    expect(lookUpKnownHost(`${hosts} ${key} comment`, host, port).trusted.length).toBe(speaks ? 1 : 0);
  });

  test("for the port counts before one for the host alone", () => {
    const known = lookUpKnownHost(`web01 ${other}\n[web01]:2222 ${key}`, "web01", 2222);
    expect(known.trusted).toEqual([hostKey(key)]);
  });

  test("hashed by ssh-keygen is found by its name and no other", () => {
    const file = join(folder, "hashed");
    writeFileSync(file, `web01 ${key}\n[web02]:2222 ${other}\n`);
    execFileSync("ssh-keygen", ["-q", "-H", "-f", file], { stdio: "pipe" });
    const text = readFileSync(file, "utf8");
    expect(text).not.toContain("web0");
    expect(lookUpKnownHost(text, "web01", 22).trusted).toEqual([hostKey(key)]);
    expect(lookUpKnownHost(text, "web02", 2222).trusted).toEqual([hostKey(other)]);
    expect(lookUpKnownHost(text, "web03", 22).trusted).toEqual([]);
  });

  test.each([
    "",
    "# web01 ssh-ed25519 AAAA",
    "web01",
    "web01 ssh-ed25519",
    "web01 ssh-ed25519 !!!",
    "web01 ssh-rsa AAAA",
    "|1|x web01",
  ])("that is none says nothing: %j", (line) => {
    expect(lookUpKnownHost(line, "web01", 22)).toEqual({ trusted: [], revoked: [], hasAuthority: false });
  });
});

describe("a host key", () => {
  const identity = { host: "web01", port: 22 };
  const shown = hostKey(key);
  const strict = (knownHosts: string) => ({ mode: "strict" as const, knownHosts });

  test.each([
    ["in known_hosts", strict(`web01 ${key}`)],
    ["beside others in known_hosts", strict(`web01 ${rsa}\r\nweb01 ${other}\r\nweb01 ${key}\r\n`)],
    ["pinned by its line", { mode: "pinned" as const, keys: [other, `${key} web01`] }],
    ["pinned by its fingerprint", { mode: "pinned" as const, keys: [shown.fingerprint] }],
    ["of a host of which none is known", { mode: "acceptNew" as const, known: [] }],
    ["that was recorded", { mode: "acceptNew" as const, known: [shown] }],
    ["under insecure", { mode: "insecure" as const }],
  ])("%s is believed", (_, policy) => {
    expect(judgeHostKey(policy, identity, shown)).toBeUndefined();
  });

  test.each([
    ["not in known_hosts", strict(`web02 ${key}`), "host-key-unknown", "no key is known for web01 port 22"],
    ["vouched for by an authority only", strict(`@cert-authority * ${other}`), "host-key-unknown", "no key is known"],
    ["other than in known_hosts", strict(`web01 ${other}`), "host-key-changed", "is not the one in known_hosts"],
    [
      "of another type than in known_hosts",
      strict(`web01 ${rsa}`),
      "host-key-changed",
      "is not the one in known_hosts",
    ],
    ["revoked", strict(`web01 ${key}\n@revoked web01 ${key}`), "host-key-changed", "is marked as revoked"],
    ["not pinned", { mode: "pinned" as const, keys: [other] }, "host-key-changed", "not one of the pinned keys"],
    ["not pinned, as no key is", { mode: "pinned" as const, keys: [] }, "host-key-changed", "not one of the pinned"],
    [
      "other than recorded",
      { mode: "acceptNew" as const, known: [hostKey(rsa)] },
      "host-key-changed",
      "recorded before",
    ],
  ])("%s is refused", (_, policy, code, words) => {
    expect(judgeHostKey(policy, identity, shown)).toMatchObject({
      code,
      transient: false,
      message: expect.stringContaining(words),
    });
  });

  test("other than a pinned one is refused with the word of whoever pinned that", () => {
    expect(judgeHostKey({ mode: "pinned", keys: [other], hint: "forget it" }, identity, shown)?.hint).toBe("forget it");
  });

  test("that an authority vouches for is refused with a word about it", () => {
    const error = judgeHostKey(strict(`@cert-authority *.corp,web01 ${other}`), identity, shown);
    expect(error?.hint).toContain("@cert-authority line is not supported");
  });

  test("is asked for by the types that are known", () => {
    expect(knownKeyTypes(strict(`web01 ${rsa}\nweb02 ${key}`), identity)).toEqual(["ssh-rsa"]);
    expect(knownKeyTypes({ mode: "pinned", keys: [key, rsa, shown.fingerprint] }, identity)).toEqual([
      "ssh-ed25519",
      "ssh-rsa",
    ]);
    expect(knownKeyTypes({ mode: "insecure" }, identity)).toEqual([]);
  });
});
