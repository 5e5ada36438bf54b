import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { execute, succeed } from "../../examples/lab/command.ts";
import { Lab, whyNoLab } from "../../examples/lab/lab.ts";
import { SshClient } from "./client.ts";

const MEBIBYTE = 2 ** 20;

describe.skipIf(whyNoLab() !== undefined)("a lab of hosts of many kinds", () => {
  let lab: Lab;
  let ssh: SshClient;
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "kace-lab-test-"));
    lab = await Lab.up({
      prefix: "thosts",
      dns: { "appliance.example": "10.1.2.3" },
      hosts: [
        {
          name: "web01",
          kind: "systemd",
          rootAuthorizedKeys: ["ed25519", "rsa", "ecdsa"],
          users: [
            { name: "ops", authorizedKeys: ["ed25519"], sudo: "nopasswd" },
            { name: "dba", password: "correct horse", sudo: "password" },
            { name: "guest", password: "battery", sudo: "none" },
          ],
        },
        { name: "db01", kind: "systemd", family: "rpm", rootAuthorizedKeys: ["encrypted"] },
        { name: "light01", kind: "light", rootPassword: "staple", users: [{ name: "ops", password: "pw" }] },
        { name: "ask01", kind: "light", sshd: "no-password-kbdint", users: [{ name: "ops", password: "pw" }] },
        { name: "port01", kind: "light", sshPort: 2222, hostKeyTypes: ["ed25519", "ecdsa", "rsa"] },
        { name: "mute01", kind: "light", sshd: "silent" },
        { name: "mute02", kind: "systemd", sshd: "banner-then-silent" },
        { name: "closed01", kind: "light", sshd: "none" },
        { name: "drop01", kind: "light", firewall: "drop-ssh" },
        { name: "jump01", kind: "light" },
        { name: "inner01", kind: "light", behind: "jump01" },
        { name: "small01", kind: "systemd", smallDiskBytes: 2 * MEBIBYTE, without: ["/usr/bin/sudo"] },
        { name: "cut01", kind: "light", firewall: "cut-off" },
      ],
    });
    ssh = await SshClient.make(lab);
  });

  afterAll(async () => {
    await ssh?.remove();
    await Lab.down("thosts");
    await rm(folder, { recursive: true, force: true });
  });

  describe("with systemd", () => {
    test("runs it, and nothing has failed", async () => {
      for (const name of ["web01", "db01", "small01"]) {
        expect((await lab.host(name).exec(["systemctl", "is-system-running"])).stdout).toBe("running\n");
      }
    });

    test("keeps a journal", async () => {
      const web = lab.host("web01");
      await web.run(["logger", "the lab was here"]);
      await web.run(["journalctl", "--sync"]);
      expect(await web.run(["journalctl", "--no-pager", "--grep=the lab was here", "--output=cat"])).toContain(
        "was here",
      );
    });

    test("knows nothing of the controller's programs and variables", async () => {
      const web = lab.host("web01");
      expect(await web.exists("/usr/bin/node")).toBe(false);
      expect((await web.run(["env"])).trim().split("\n").sort()).toEqual([
        "HOME=/root",
        "LANG=C.UTF-8",
        expect.stringMatching(/^PATH=/),
      ]);
    });

    test("installs a package of its family, starts its service at boot, and comes back from a reboot", async () => {
      const web = lab.host("web01");
      await web.writeFile("/root/tiny.deb", await readFile(await buildDeb(join(folder, "deb"))));
      const boot = await web.readFile("/proc/sys/kernel/random/boot_id");
      await web.run(["dpkg", "-i", "/root/tiny.deb"]);
      expect(await web.packages()).toContainEqual({ name: "tiny", version: "1.2.3" });
      expect((await web.dpkgLog()).filter((line) => line.includes(" install tiny:all "))).toHaveLength(1);
      await web.run(["systemctl", "enable", "--now", "tiny.service"]);
      await web.reboot();
      expect((await web.exec(["systemctl", "is-active", "tiny.service"])).stdout).toBe("active\n");
      expect(await web.readFile("/proc/sys/kernel/random/boot_id")).not.toBe(boot);
      expect((await ssh.run(web, "hostname", { key: lab.keys.ed25519.path })).stdout).toBe("web01\n");
    });

    test("is of the RPM family where told, with a database of its own", async () => {
      const db = lab.host("db01");
      expect(await db.readFile("/etc/os-release")).toContain('ID="rocky"');
      expect((await db.exec(["sh", "-c", "command -v dpkg apt-get"])).stdout).toBe("");
      expect(await db.exists("/etc/debian_version")).toBe(false);
      await db.writeFile("/root/tiny.spec", TINY_SPEC);
      await db.run(["rpmbuild", "-bb", "--quiet", "--define", "_topdir /root/rpm", "/root/tiny.spec"]);
      const install = await db.exec(["rpm", "-U", "/root/rpm/RPMS/noarch/tiny-1.2.3-1.noarch.rpm"]);
      expect(install).toEqual({ exitCode: 0, stdout: "", stderr: "" });
      expect(await db.packages()).toContainEqual({ name: "tiny", version: "1.2.3-1" });
      expect(await db.readFile("/etc/tiny.conf")).toBe("installed\n");
      await db.run(["rpm", "-e", "tiny"]);
      expect((await db.exec(["rpm", "-q", "tiny"])).exitCode).toBe(1);
    });

    test("is of the Debian family otherwise, without rpm", async () => {
      expect((await lab.host("web01").exec(["sh", "-c", "command -v rpm"])).exitCode).not.toBe(0);
    });
  });

  describe("is logged in to by the real ssh client", () => {
    test.each(["ed25519", "rsa", "ecdsa"] as const)("with the lab's %s key", async (name) => {
      const ended = await ssh.run(lab.host("web01"), "id -un", { key: lab.keys[name].path });
      expect(ended).toMatchObject({ exitCode: 0, stdout: "root\n" });
    });

    test("with the encrypted key and its passphrase, not without", async () => {
      const { path, passphrase = "" } = lab.keys.encrypted;
      const host = lab.host("db01");
      expect(await ssh.run(host, "id -un", { key: path, secret: passphrase })).toMatchObject({ stdout: "root\n" });
      expect(await ssh.run(host, "id -un", { key: path, secret: "wrong" })).toMatchObject({ exitCode: 255 });
    });

    test.each([
      ["web01", "dba", "correct horse"],
      ["light01", "root", "staple"],
      ["light01", "ops", "pw"],
      ["ask01", "ops", "pw"],
    ])("with a password on %s as %s, not with another", async (name, user, secret) => {
      const host = lab.host(name);
      expect(await ssh.run(host, "id -un", { user, secret })).toMatchObject({ exitCode: 0, stdout: `${user}\n` });
      expect(await ssh.run(host, "id -un", { user, secret: `${secret}!` })).toMatchObject({ exitCode: 255 });
    });

    test("and told which methods there are", async () => {
      const methods = async (name: string): Promise<string> => {
        const ended = await ssh.run(lab.host(name), "true", {
          user: "ops",
          options: ["PreferredAuthentications=none"],
        });
        return /Permission denied \(([^)]*)\)/.exec(ended.stderr)?.[1] ?? ended.stderr;
      };
      expect(await methods("ask01")).toBe("publickey,keyboard-interactive");
      expect(await methods("light01")).toBe("publickey,password");
    });

    test("on another port, under each of three host keys", async () => {
      const host = lab.host("port01");
      expect(host.hostKeys.map(({ type }) => type)).toEqual(["ssh-ed25519", "ecdsa-sha2-nistp256", "ssh-rsa"]);
      for (const algorithm of ["ssh-ed25519", "ecdsa-sha2-nistp256", "rsa-sha2-512"]) {
        const options = [`HostKeyAlgorithms=${algorithm}`];
        const ended = await ssh.run(host, "hostname", { key: lab.keys.ed25519.path, options });
        expect(ended).toMatchObject({ exitCode: 0, stdout: "port01\n" });
      }
    });

    test("and shows the fingerprint that ssh-keygen finds", async () => {
      const [key] = lab.host("web01").hostKeys;
      const line = `${key?.publicLine}\n`;
      const { stdout } = await execute(["ssh-keygen", "-l", "-f", "-"], { stdin: line });
      expect(stdout).toContain(` ${key?.fingerprint} `);
    });
  });

  describe("has users", () => {
    test.each([
      ["ops", "", "sudo -n id -u", 0],
      ["dba", "correct horse", "sudo -n id -u", 1],
      ["dba", "correct horse", "echo 'correct horse' | sudo -S -p '' id -u", 0],
      ["guest", "battery", "echo battery | sudo -S -p '' id -u", 1],
    ])("%s with the password %j, for whom `%s` ends with %i", async (user, secret, command, exitCode) => {
      const ended = await ssh.run(lab.host("web01"), command, { user, secret, key: lab.keys.ed25519.path });
      expect(ended.exitCode).toBe(exitCode);
      expect(ended.stdout).toBe(exitCode === 0 ? "0\n" : "");
    });

    test("but no sudo where it was left out", async () => {
      expect((await lab.host("small01").exec(["sh", "-c", "command -v sudo"])).exitCode).not.toBe(0);
    });
  });

  describe("has trouble", () => {
    const key = (): string => lab.keys.ed25519.path;
    const shortly = ["ConnectTimeout=3"];

    test("that accepts a connection and stays silent", async () => {
      const ended = await ssh.run(lab.host("mute01"), "true", { key: key(), options: shortly });
      expect(ended).toMatchObject({ exitCode: 255, stderr: expect.stringContaining("during banner exchange") });
    });

    test("that says who it is and then nothing", async () => {
      const host = lab.host("mute02");
      const script = 'exec 3<>"/dev/tcp/$0/22" && IFS= read -r line <&3 && printf %s "$line"';
      expect((await execute(["bash", "-c", script, host.address])).stdout).toBe("SSH-2.0-OpenSSH_9.2p1 Debian-2\r");
      const more = 'exec 3<>"/dev/tcp/$0/22" && echo SSH-2.0-test >&3 && timeout 10 cat <&3; echo "ended with $?"';
      const { stdout } = await execute(["bash", "-c", more, host.address]);
      expect(stdout).toBe("SSH-2.0-OpenSSH_9.2p1 Debian-2\r\nended with 124\n");
    });

    test("that has its port closed", async () => {
      const ended = await ssh.run(lab.host("closed01"), "true", { key: key() });
      expect(ended).toMatchObject({ exitCode: 255, stderr: expect.stringContaining("Connection refused") });
    });

    test("that drops what comes to its port, until it no longer does", async () => {
      const host = lab.host("drop01");
      const ended = await ssh.run(host, "true", { key: key(), options: shortly });
      expect(ended).toMatchObject({ exitCode: 255, stderr: expect.stringContaining("timed out") });
      await host.setFirewall("none");
      expect(await ssh.run(host, "hostname", { key: key() })).toMatchObject({ stdout: "drop01\n" });
    });

    test("that is reached through a jump host only, though it reaches the gateway itself", async () => {
      const host = lab.host("inner01");
      const jump = lab.host("jump01");
      const direct = await ssh.run(host, "true", { key: key(), options: shortly });
      expect(direct).toMatchObject({ exitCode: 255, stderr: expect.stringContaining("timed out") });
      const port = await jump.exec(["bash", "-c", 'exec 3<>"/dev/tcp/$0/22" && head -c 4 <&3', "inner01"]);
      expect(port.stdout).toBe("SSH-");
      expect(await reachesGateway("inner01", 60)).toBe(true);
    });

    test("that is cut off from the gateway, though it can be logged in to", async () => {
      expect(await ssh.run(lab.host("cut01"), "hostname", { key: key() })).toMatchObject({ stdout: "cut01\n" });
      expect(await reachesGateway("cut01", 5)).toBe(false);
      expect(await reachesGateway("light01", 60)).toBe(true);
    });

    test("that has no room for a package", async () => {
      const host = lab.host("small01");
      for (const place of ["/tmp", "/var/tmp", "/opt"]) {
        const ended = await host.exec(["dd", "if=/dev/zero", `of=${place}/large`, "bs=1M", "count=8"]);
        expect(ended).toMatchObject({ exitCode: 1, stderr: expect.stringContaining("No space left on device") });
        await host.run(["rm", `${place}/large`]);
      }
      expect(await ssh.run(host, "hostname", { key: key() })).toMatchObject({ stdout: "small01\n" });
    });

    test("that shows another host key than before", async () => {
      const host = lab.host("light01");
      const before = host.hostKeys[0]?.fingerprint;
      const login = { user: "ops", secret: "pw" };
      expect(await ssh.run(host, "true", login)).toMatchObject({ exitCode: 0 });
      const [after] = await host.newHostKey();
      expect(after?.fingerprint).not.toBe(before);
      const changed = await ssh.run(host, "true", login);
      expect(changed.exitCode).toBe(255);
      expect(changed.stderr).toContain("REMOTE HOST IDENTIFICATION HAS CHANGED");
      expect(changed.stderr).toContain(after?.fingerprint);
      await ssh.learnHosts();
      expect(await ssh.run(host, "true", login)).toMatchObject({ exitCode: 0 });
    });

    test.each(["web01", "jump01"])("that is switched off and on again (%s)", async (name) => {
      const host = lab.host(name);
      await host.writeFile("/etc/kept", "over the night\n");
      await host.stop();
      expect(await host.isUp()).toBe(false);
      await expect(host.exec(["true"])).rejects.toThrow(`${name} is not up`);
      const off = await ssh.run(host, "true", { key: key(), options: shortly });
      expect(off).toMatchObject({ exitCode: 255, stderr: expect.stringMatching(/No route to host|timed out/) });
      await host.start();
      const on = await ssh.run(host, "cat /etc/kept", { key: key() });
      expect(on).toMatchObject({ stderr: "", stdout: "over the night\n" });
    });
  });

  test("counts the sessions of its sshd", async () => {
    for (const name of ["db01", "port01"]) {
      const host = lab.host(name);
      const accepted = async (): Promise<number> =>
        (await host.sshdLog()).filter((line) => line.includes("Accepted publickey for root")).length;
      const before = await accepted();
      const key = name === "db01" ? lab.keys.encrypted : lab.keys.ed25519;
      await ssh.run(host, "true", { key: key.path, secret: key.passphrase ?? "" });
      expect(await accepted()).toBe(before + 1);
    }
  });

  test("knows its neighbours, the gateway and the names it was told", async () => {
    const known = (await lab.host("light01").run(["getent", "hosts", "gateway", "web01", "appliance.example"])).split(
      "\n",
    );
    expect(known.map((line) => line.split(/\s+/).join(" "))).toEqual([
      `${lab.gateway} gateway`,
      `${lab.host("web01").address} web01`,
      "10.1.2.3 appliance.example",
      "",
    ]);
  });

  test("reads what it writes, and gives exit codes and both streams", async () => {
    const host = lab.host("light01");
    await host.writeFile("/srv/deep/file", "täxt\n", 0o600);
    expect(await host.readFile("/srv/deep/file")).toBe("täxt\n");
    expect(await host.run(["stat", "-c", "%a", "/srv/deep/file"])).toBe("600\n");
    expect(await readFile(join(host.root, "srv/deep/file"), "utf8")).toBe("täxt\n");
    expect(await host.exec(["sh", "-c", "cat; echo oops >&2; exit 3"], { stdin: "in" })).toEqual({
      exitCode: 3,
      stdout: "in",
      stderr: "oops\n",
    });
    await expect(host.readFile("/nowhere")).rejects.toThrow("No such file");
    await expect(host.exec(["sleep", "1000"], { timeoutMs: 200 })).rejects.toThrow("took longer than 200 ms");
    expect(() => lab.host("nobody")).toThrow("has no host nobody");
  });

  /** Whether a host can open a connection to this machine in that time. */
  async function reachesGateway(name: string, patienceSeconds: number): Promise<boolean> {
    const server = await listen(lab.gateway);
    try {
      const address = server.address();
      if (address === null || typeof address === "string") throw new Error("the server has no port");
      const script = 'timeout "$1" bash -c "exec 3<>/dev/tcp/gateway/$0 && head -c 5 <&3"';
      return (
        (await lab.host(name).exec(["sh", "-c", script, String(address.port), String(patienceSeconds)])).stdout ===
        "hello"
      );
    } finally {
      server.close();
    }
  }
});

function listen(address: string): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => {
      // A host that was cut off in the middle resets the connection.
      socket.on("error", () => undefined);
      socket.end("hello");
    });
    server.on("error", reject);
    server.listen(0, address, () => resolve(server));
  });
}

/** A package with a service that only sleeps. */
async function buildDeb(folder: string): Promise<string> {
  const file = async (path: string, text: string): Promise<void> => {
    await mkdir(join(folder, "tree", path, ".."), { recursive: true });
    await writeFile(join(folder, "tree", path), text);
  };
  const control = [
    "Package: tiny",
    "Version: 1.2.3",
    "Architecture: all",
    "Maintainer: nobody",
    "Description: tiny",
    "",
  ];
  await file("DEBIAN/control", control.join("\n"));
  const unit = ["[Service]", "ExecStart=/bin/sleep infinity", "[Install]", "WantedBy=multi-user.target", ""];
  await file("lib/systemd/system/tiny.service", unit.join("\n"));
  const path = join(folder, "tiny.deb");
  await succeed(["dpkg-deb", "--build", "--root-owner-group", join(folder, "tree"), path]);
  return path;
}

const TINY_SPEC = `Name: tiny
Version: 1.2.3
Release: 1
Summary: tiny
License: none
BuildArch: noarch
Requires: systemd
%description
Tiny.
%post
echo installed >/etc/tiny.conf
%files
`;
