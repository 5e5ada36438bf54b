import { describe, expect, test } from "vitest";
import { accountFiles, sudoersOf } from "../../examples/lab/accounts.ts";
import { firewallRules } from "../../examples/lab/firewall.ts";
import { accountFor } from "../../examples/lab/limits.ts";
import { checkOptions, type HostSpec, loginsOf } from "../../examples/lab/spec.ts";
import { sshdConfigOf } from "../../examples/lab/sshd-config.ts";

const light = (name: string, more: Partial<HostSpec> = {}): HostSpec => ({ name, kind: "light", ...more });

describe("what a lab is asked for", () => {
  test.each<[string, string, readonly HostSpec[], string]>([
    ["a prefix with a dash", "a-b", [], '"a-b" is no prefix'],
    ["a prefix of nine characters", "abcdefghi", [], "is no prefix"],
    ["a host name with a dot", "x", [light("web.one")], '"web.one" is no host name'],
    ["two hosts of a name", "x", [light("a"), light("a")], "two hosts are called a"],
    ["a user called root", "x", [light("a", { users: [{ name: "root" }] })], "rootPassword"],
    ["a strange user", "x", [light("a", { users: [{ name: "x:0:0" }] })], '"x:0:0" is no user name'],
    ["sudo by no password", "x", [light("a", { users: [{ name: "u", sudo: "password" }] })], "needs a password"],
    ["a host behind nobody", "x", [light("a", { behind: "b" })], "a is behind b, which is no other host"],
    ["a host behind itself", "x", [light("a", { behind: "a" })], "no other host"],
  ])("is refused with %s", (_, prefix, hosts, message) => {
    expect(() => checkOptions({ prefix, hosts })).toThrow(message);
  });

  test("lets root in by the lab's key where nobody is named, and only then", () => {
    expect(loginsOf(light("a")).rootKeys).toEqual(["ed25519"]);
    expect(loginsOf(light("a", { rootPassword: "x" })).rootKeys).toEqual([]);
    expect(loginsOf(light("a", { users: [{ name: "u" }] })).rootKeys).toEqual([]);
    expect(loginsOf(light("a", { users: [{ name: "u" }], rootAuthorizedKeys: ["rsa"] })).rootKeys).toEqual(["rsa"]);
  });
});

describe("the accounts of a host", () => {
  const base = {
    passwd: "root:x:0:0:root:/root:/bin/bash\nsshd:x:101:65534::/run/sshd:/usr/sbin/nologin\n",
    shadow: "root:*:19000:0:99999:7:::\nsshd:!:19000::::::\n",
    group: "root:x:0:\n",
    gshadow: "root:*::\n",
  };
  const host = light("a", {
    rootPassword: "secret",
    users: [
      { name: "ops", password: "pw", sudo: "password" },
      { name: "bot", sudo: "nopasswd" },
      { name: "guest", password: "$& $1" },
    ],
  });

  test("have hashes, never passwords, and ids from 1000 on", () => {
    const files = accountFiles(base, host, (password) => `$6$${password.length}`);
    expect(files.passwd).toContain("\nops:x:1000:1000::/home/ops:/bin/sh\nbot:x:1001:1001::/home/bot:/bin/sh\n");
    expect(files.shadow.split("\n")).toEqual([
      "root:$6$6:19000:0:99999:7:::",
      "sshd:!:19000::::::",
      "ops:$6$2:19000:0:99999:7:::",
      "bot:*:19000:0:99999:7:::",
      "guest:$6$5:19000:0:99999:7:::",
      "",
    ]);
    expect(files.group).toBe("root:x:0:\nops:x:1000:\nbot:x:1001:\nguest:x:1002:\n");
  });

  test("may use sudo as told", () => {
    expect(sudoersOf(host)).toBe("ops ALL=(ALL:ALL) ALL\nbot ALL=(ALL:ALL) NOPASSWD: ALL\n");
    expect(sudoersOf(light("a", { users: [{ name: "u", sudo: "none" }] }))).toBe("");
  });
});

describe("the sshd of a host", () => {
  const option = (host: HostSpec, name: string): string | undefined =>
    sshdConfigOf(host)
      .split("\n")
      .find((line) => line.startsWith(`${name} `))
      ?.slice(name.length + 1);

  test.each<[string, HostSpec, string, string]>([
    ["passwords by default", light("a"), "PasswordAuthentication", "yes"],
    ["no passwords where only keys may", light("a", { sshd: "keys-only" }), "PasswordAuthentication", "no"],
    ["questions instead", light("a", { sshd: "no-password-kbdint" }), "KbdInteractiveAuthentication", "yes"],
    ["PAM for questions", light("a", { sshd: "no-password-kbdint" }), "UsePAM", "yes"],
    ["no PAM on a light host", light("a"), "UsePAM", "no"],
    ["PAM with systemd", { name: "a", kind: "systemd" }, "UsePAM", "yes"],
    ["no password of root", light("a"), "PermitRootLogin", "prohibit-password"],
    ["a password of root", light("a", { rootPassword: "x" }), "PermitRootLogin", "yes"],
    ["its port", light("a", { sshPort: 2222 }), "Port", "2222"],
    ["the caller's own lines first", light("a", { sshdConfig: "MaxStartups 1" }), "MaxStartups", "1"],
  ])("takes %s", (_, host, name, value) => {
    expect(option(host, name)).toBe(value);
  });
});

describe("the firewall of a host", () => {
  const facts = { gateway: "10.83.0.1", sshPort: 2200 };

  test.each([
    [{ ...facts, firewall: "none" as const }, []],
    [{ ...facts, firewall: "drop-ssh" as const }, ["tcp dport 2200 drop"]],
    [{ ...facts, firewall: "cut-off" as const }, ["ip daddr 10.83.0.1 ct state new drop"]],
    [
      { ...facts, firewall: "drop-ssh" as const, onlyFrom: "10.83.0.12" },
      ["iif != lo ct state new ip saddr != 10.83.0.12 drop", "tcp dport 2200 drop"],
    ],
  ])("%o drops %j", (wish, drops) => {
    const lines = firewallRules(wish).split("\n");
    expect(lines[0]).toBe("flush ruleset");
    expect(lines.map((line) => line.trim()).filter((line) => line.endsWith(" drop"))).toEqual(drops);
  });
});

describe("the kernel's limit on inotify instances", () => {
  const all = () => true;

  test("grows with every lab, and is what it was after the last", () => {
    const first = accountFor(undefined, { now: 128, prefix: "a", hosts: 10 }, all);
    expect(first).toEqual({ limit: 288, record: { before: 128, hosts: { a: 10 } } });
    const second = accountFor(first.record, { now: first.limit, prefix: "b", hosts: 5 }, all);
    expect(second).toEqual({ limit: 368, record: { before: 128, hosts: { a: 10, b: 5 } } });
    const third = accountFor(second.record, { now: second.limit, prefix: "a", hosts: 0 }, all);
    expect(third).toEqual({ limit: 208, record: { before: 128, hosts: { b: 5 } } });
    const last = accountFor(third.record, { now: third.limit, prefix: "b", hosts: 0 }, all);
    expect(last).toEqual({ limit: 128, record: undefined });
  });

  test("forgets a lab that ended without a word", () => {
    const known = { before: 128, hosts: { dead: 50 } };
    expect(accountFor(known, { now: 928, prefix: "a", hosts: 0 }, () => false)).toEqual({
      limit: 128,
      record: undefined,
    });
  });

  test("stays as it is while there are only light hosts", () => {
    expect(accountFor(undefined, { now: 128, prefix: "a", hosts: 0 }, all)).toEqual({ limit: 128, record: undefined });
  });
});
