import { createHash, randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Lab, whyNoLab } from "../../examples/lab/lab.ts";
import type { SshEndpoint } from "../../provider/machines/credentials.ts";
import type { Become, ByteSource, Machine } from "../../provider/machines/machine.ts";
import { connectSsh, type SshOptions } from "../../provider/machines/ssh/connect.ts";
import { JumpChain } from "../../provider/machines/ssh/jump-chain.ts";

const PREFIX = "tssh";
const ROOT_PASSWORD = "canary-root-staple";
const DBA_PASSWORD = "canary-dba's horse";

describe.skipIf(whyNoLab() !== undefined)("a machine over ssh, on real hosts", () => {
  let lab: Lab;

  beforeAll(async () => {
    lab = await Lab.up({
      prefix: PREFIX,
      hosts: [
        {
          name: "web01",
          kind: "systemd",
          rootPassword: ROOT_PASSWORD,
          users: [
            { name: "ops", authorizedKeys: ["ed25519"], sudo: "nopasswd" },
            { name: "dba", password: DBA_PASSWORD, sudo: "password" },
            { name: "guest", password: "battery" },
            { name: "nobodys", authorizedKeys: ["ed25519"] },
          ],
        },
        {
          name: "bare01",
          kind: "light",
          rootPassword: ROOT_PASSWORD,
          users: [{ name: "ops", authorizedKeys: ["encrypted"] }],
          without: ["/usr/bin/sudo"],
        },
        { name: "ask01", kind: "light", sshd: "no-password-kbdint", users: [{ name: "ops", password: "pw" }] },
        { name: "jump01", kind: "light", rootAuthorizedKeys: ["rsa"] },
        { name: "inner01", kind: "light", rootAuthorizedKeys: ["ecdsa"], behind: "jump01" },
        { name: "small01", kind: "light", smallDiskBytes: 2 ** 20 },
        { name: "mute01", kind: "light", sshd: "silent" },
        { name: "mute02", kind: "light", sshd: "banner-then-silent" },
        { name: "closed01", kind: "light", sshd: "none" },
        { name: "drop01", kind: "light", firewall: "drop-ssh" },
      ],
    });
  });
  afterAll(() => Lab.down(PREFIX));

  function at(name: string, username = "root", credentials?: SshEndpoint["credentials"]): SshOptions {
    const { address, sshPort } = lab.host(name);
    return {
      host: name,
      address,
      port: sshPort,
      username,
      credentials: credentials ?? { privateKey: lab.keys.ed25519.privateKey },
      hostKeys: { mode: "strict", knownHosts: lab.knownHosts() },
      connectTimeoutMs: 60_000,
      authTimeoutMs: 60_000,
    };
  }

  async function on<T>(options: SshOptions, work: (machine: Machine) => Promise<T>): Promise<T> {
    const machine = await connectSsh(options);
    try {
      return await work(machine);
    } finally {
      await machine.close();
    }
  }

  const asRoot = (options: SshOptions, become: Become) =>
    on({ ...options, become }, (machine) =>
      machine.runScript({ script: "id -un; cat", privileged: true, payload: bytes("payload") }),
    );

  function bytes(content: string | Uint8Array): ByteSource {
    const buffer = Buffer.from(content);
    return {
      sizeBytes: buffer.length,
      sha256: createHash("sha256").update(buffer).digest("hex"),
      async *open() {
        yield buffer;
      },
    };
  }

  const dba = () => at("web01", "dba", { password: DBA_PASSWORD });

  describe("becomes root", () => {
    const done = { exitCode: 0, stdout: "root\npayload", stderr: "", truncated: false };

    test("by sudo that wants no password, whether or not one was given", async () => {
      expect(await asRoot(at("web01", "ops"), { method: "sudo" })).toEqual(done);
      expect(await asRoot(at("web01", "ops"), { method: "sudo", password: "not needed" })).toEqual(done);
    });

    test("by sudo with a password, each time anew", async () => {
      await on({ ...dba(), become: { method: "sudo", password: DBA_PASSWORD } }, async (machine) => {
        for (const _ of [1, 2]) {
          const ended = await machine.runScript({ script: "id -un; cat", privileged: true, payload: bytes("payload") });
          expect(ended).toEqual(done);
        }
        expect((await machine.runScript({ script: "id -un" })).stdout).toBe("dba\n");
      });
    });

    test("by su with root's password, also where there is no sudo", async () => {
      const bare = at("bare01", "ops", {
        privateKey: lab.keys.encrypted.privateKey,
        passphrase: lab.keys.encrypted.passphrase,
      });
      expect(await asRoot(bare, { method: "su", password: ROOT_PASSWORD })).toEqual(done);
      expect(await asRoot(dba(), { method: "su", password: ROOT_PASSWORD })).toEqual(done);
    });

    test("by nothing where the log-in is root, whatever was said", async () => {
      const root = at("web01", "root", { password: ROOT_PASSWORD });
      for (const become of [
        { method: "none" },
        { method: "sudo", password: "x" },
        { method: "su", password: "x" },
      ] as const) {
        expect(await asRoot(root, become)).toEqual(done);
      }
    });
  });

  describe("does not become root", () => {
    test.each<[string, () => SshOptions, Become, string]>([
      ["where no way was given", () => at("web01", "ops"), { method: "none" }, "no-privilege"],
      ["where sudo wants a password and none was given", dba, { method: "sudo" }, "sudo-password"],
      [
        "where the account is in no sudoers file",
        () => at("web01", "guest", { password: "battery" }),
        { method: "sudo", password: "battery" },
        "no-privilege",
      ],
      ["where su wants a password and none was given", dba, { method: "su" }, "sudo-password"],
      ["where su rejects the password", dba, { method: "su", password: "canary-wrong" }, "sudo-password"],
      [
        "where there is no sudo",
        () =>
          at("bare01", "ops", { privateKey: lab.keys.encrypted.privateKey, passphrase: lab.keys.encrypted.passphrase }),
        { method: "sudo", password: "x" },
        "no-privilege",
      ],
    ])("%s", async (_, options, become, code) => {
      await expect(asRoot(options(), become)).rejects.toMatchObject({
        code,
        transient: false,
        message: expect.not.stringContaining("canary"),
      });
    });

    test("where sudo rejects the password, which it is shown once", async () => {
      const failures = async () => {
        const journal = await lab.host("web01").run(["journalctl", "--no-pager", "--output=cat", "_COMM=sudo"]);
        return journal
          .split("\n")
          .filter((line) => /pam_unix\(sudo:auth\): (authentication failure|conversation failed)/.test(line));
      };
      const before = await failures();
      await expect(asRoot(dba(), { method: "sudo", password: "canary-wrong" })).rejects.toMatchObject({
        code: "sudo-password",
        message: "sudo rejected the password",
      });
      const since = (await failures()).slice(before.length);
      expect(since.filter((line) => line.includes("authentication failure"))).toHaveLength(1);
    });

    test("where the account may run no commands", async () => {
      await lab.host("web01").run(["usermod", "--shell", "/usr/sbin/nologin", "nobodys"]);
      await expect(asRoot(at("web01", "nobodys"), { method: "none" })).rejects.toMatchObject({ code: "no-privilege" });
      await expect(
        on(at("web01", "nobodys"), (machine) => machine.runScript({ script: "true" })),
      ).rejects.toMatchObject({
        code: "no-privilege",
        message: expect.stringContaining("This account is currently not available."),
      });
    });
  });

  test("shows no password and no variable to others on the machine, nor in its journal", async () => {
    const seen = await on({ ...dba(), become: { method: "sudo", password: DBA_PASSWORD } }, (machine) =>
      machine.runScript({
        script:
          'for f in /proc/[0-9]*/cmdline /proc/[0-9]*/environ; do tr "\\0" " " < "$f" 2>/dev/null; done; journalctl --no-pager; : "$TOKEN"',
        variables: { TOKEN: "canary-token" },
        privileged: true,
      }),
    );
    expect(seen.stdout).toContain("kace~begin");
    expect(seen.stdout).toContain("sudo");
    expect(seen.stdout).not.toContain("canary");
  });

  test("ends a privileged script that takes too long, with all it started", async () => {
    await on({ ...dba(), become: { method: "sudo", password: DBA_PASSWORD } }, async (machine) => {
      const slow = machine.runScript({ script: "echo; sleep 4711; echo never", privileged: true, timeoutMs: 5_000 });
      await expect(slow).rejects.toMatchObject({ code: "command-timeout" });
    });
    expect((await lab.host("web01").exec(["pgrep", "-f", "^sleep 4711"])).stdout).toBe("");
  });

  test("puts a file as root", async () => {
    const content = randomBytes(300_000);
    await on({ ...dba(), become: { method: "sudo", password: DBA_PASSWORD } }, (machine) =>
      machine.put(bytes(content), "/etc/kace-test", { mode: 0o640, privileged: true }),
    );
    expect(await lab.host("web01").run(["stat", "-c", "%U %a %s", "/etc/kace-test"])).toBe("root 640 300000\n");
    const sum = await lab.host("web01").run(["sha256sum", "/etc/kace-test"]);
    expect(sum.split(" ")[0]).toBe(bytes(content).sha256);
  });

  test("says that a disk is full, and leaves nothing on it", async () => {
    const failed = on(at("small01"), (machine) => machine.put(bytes(randomBytes(3 * 2 ** 20)), "/opt/large"));
    await expect(failed).rejects.toMatchObject({
      code: "upload-failed",
      message: expect.stringContaining("No space left"),
    });
    expect(await lab.host("small01").run(["ls", "-A", "/opt"])).toBe("");
  });

  test("logs in where the password is asked for by keyboard-interactive, through PAM", async () => {
    const ended = await on(at("ask01", "ops", { password: "pw" }), (machine) =>
      machine.runScript({ script: "id -un" }),
    );
    expect(ended.stdout).toBe("ops\n");
    await expect(on(at("ask01", "ops", { password: "canary-no" }), async () => undefined)).rejects.toMatchObject({
      code: "auth-failed",
      transient: false,
      message: expect.not.stringContaining("canary"),
    });
  });

  test("goes through a jump host to one that lets nobody else in", async () => {
    const inner = at("inner01", "root", { privateKey: lab.keys.ecdsa.privateKey });
    const jump = at("jump01", "root", { privateKey: lab.keys.rsa.privateKey });
    const ended = await on({ ...inner, jumps: new JumpChain({ hosts: () => [jump] }) }, (machine) =>
      machine.runScript({ script: "hostname" }),
    );
    expect(ended.stdout).toBe("inner01\n");
    await expect(on({ ...inner, connectTimeoutMs: 2_000 }, async () => undefined)).rejects.toMatchObject({
      code: expect.stringMatching(/^(port-closed|connect-timeout)$/),
    });
  });

  test.each([
    ["mute01", "connect-timeout", "the port accepts connections but says nothing"],
    ["mute02", "connect-timeout", "the port says something but does not go on with the SSH handshake"],
    ["closed01", "port-closed", "nothing listens on port 22"],
    ["drop01", "connect-timeout", "port 22 did not answer"],
  ])("says what is wrong with %s: %s", async (name, code, message) => {
    // Only the limit that is to be reached is short: the machine that runs this may be slow.
    const limits = name === "mute01" || name === "drop01" ? { connectTimeoutMs: 10_000 } : { authTimeoutMs: 3_000 };
    const options = { ...at(name), ...limits };
    await expect(on(options, async () => undefined)).rejects.toMatchObject({ code, message });
  });

  test("is lost while its host goes down, and refuses its new key afterwards", async () => {
    const host = lab.host("bare01");
    const options = at("bare01", "root", { password: ROOT_PASSWORD });
    await on({ ...options, keepAlive: { intervalMs: 500, countMax: 3 } }, async (machine) => {
      const running = machine.runScript({ script: "sleep 600" });
      running.catch(() => undefined);
      await host.stop();
      await expect(running).rejects.toMatchObject({ code: "lost", transient: true });
    });
    await host.start();
    await host.newHostKey();
    await expect(on(options, async () => undefined)).rejects.toMatchObject({
      code: "host-key-changed",
      transient: false,
    });
  });
});
