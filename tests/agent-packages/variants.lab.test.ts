import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { Lab, type LabHost, whyNoLab } from "../../examples/lab/lab.ts";
import { agentPackages, type Variant } from "../../tools/agent-packages/build.ts";
import { SshClient } from "../lab/client.ts";

const PREFIX = "tbroken";
const SERVICE = "kace-reference-agent";
const SSH_CONNECTION_LOST = 255;

vi.setConfig({ testTimeout: 600_000, hookTimeout: 900_000 });

describe.skipIf(whyNoLab() !== undefined)("packages that are broken on purpose are so on real hosts", () => {
  let lab: Lab;
  let ssh: SshClient;

  beforeAll(async () => {
    lab = await Lab.up({
      prefix: PREFIX,
      hosts: [
        { name: "fails", kind: "systemd" },
        { name: "failsrpm", kind: "systemd", family: "rpm" },
        { name: "broken", kind: "systemd" },
        { name: "cut", kind: "systemd", rootAuthorizedKeys: ["ed25519"] },
        { name: "reboots", kind: "systemd", rootAuthorizedKeys: ["ed25519"] },
      ],
    });
    ssh = await SshClient.make(lab);
  });

  afterAll(async () => {
    await ssh?.remove();
    await Lab.down(PREFIX);
  });

  /** Brings the package to the host and gives its path there. */
  async function bring(host: LabHost, variant: Variant, format: "deb" | "rpm" = "deb"): Promise<string> {
    const flavourOptions = { flavour: "reference", variant } as const;
    const [file] = await agentPackages({
      version: "1.4.2",
      architectures: ["amd64"],
      formats: [format],
      flavourOptions,
      say: () => undefined,
    });
    if (file === undefined) throw new Error("no package was built");
    await host.writeFile(`/var/tmp/${file.fileName}`, await readFile(file.path));
    return `/var/tmp/${file.fileName}`;
  }

  test("fails-to-install: dpkg and rpm say so", async () => {
    const debian = lab.host("fails");
    const dpkg = await debian.exec(["dpkg", "-i", await bring(debian, "fails-to-install")]);
    expect(dpkg).toMatchObject({ exitCode: 1 });
    expect(dpkg.stderr).toContain("fails to install, on purpose");
    const other = lab.host("failsrpm");
    expect(await other.exec(["rpm", "-U", await bring(other, "fails-to-install", "rpm")])).toMatchObject({
      exitCode: 1,
    });
    expect(await other.exists("/opt/kace-reference/bin/kace-agent")).toBe(false);
  });

  test("service-fails: it installs and takes its configuration, but its service does not stay up", async () => {
    const host = lab.host("broken");
    await host.run(["dpkg", "-i", await bring(host, "service-fails")]);
    await host.run(["/opt/kace-reference/bin/kace-agent", "configure"], { stdin: '{"server":"gateway:1"}' });
    await host.run(["systemctl", "start", SERVICE]);
    await expect
      .poll(() => host.run(["journalctl", "-u", SERVICE, "-o", "cat", "--no-pager"]), {
        timeout: 120_000,
        interval: 500,
      })
      .toContain("this service ends at once, on purpose");
  });

  test.each([
    ["in the session", (path: string) => `dpkg -i ${path}`],
    ["apart from the session", (path: string) => `setsid dpkg -i ${path} >/var/tmp/log 2>&1 </dev/null & sleep 1000`],
  ])("kills-connection: the session is gone, the daemon is not: %s", async (_, command) => {
    const host = lab.host("cut");
    const key = lab.keys.ed25519.path;
    const path = await bring(host, "kills-connection");
    expect(await ssh.run(host, command(path), { key })).toMatchObject({ exitCode: SSH_CONNECTION_LOST });
    expect(await ssh.run(host, "true", { key })).toMatchObject({ exitCode: 0 });
  });

  test("reboots: the machine restarts during the installation, and only once", async () => {
    const host = lab.host("reboots");
    const path = await bring(host, "reboots");
    const login = { key: lab.keys.ed25519.path, options: ["ConnectTimeout=10"] };
    // The kernel is the lab's, so its boot id stays; the host's first process is another one after a restart.
    const bootOf = async () => (await ssh.run(host, "cut -d ' ' -f 22 /proc/1/stat", login)).stdout;
    const before = await bootOf();
    expect(before).toMatch(/^\d+\n$/);
    expect(await ssh.run(host, `dpkg -i ${path}`, login)).not.toMatchObject({ exitCode: 0 });
    await expect.poll(bootOf, { timeout: 300_000, interval: 500 }).toSatisfy((now) => now !== "" && now !== before);
    await host.ready();
    expect(await host.exec(["dpkg", "-i", path])).toMatchObject({ exitCode: 0 });
    expect(await host.run(["systemctl", "is-enabled", SERVICE])).toBe("enabled\n");
  });
});
