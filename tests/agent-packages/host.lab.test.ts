import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { Lab, type LabHost, whyNoLab } from "../../examples/lab/lab.ts";
import { openLocal } from "../../provider/appliance/local/local.ts";
import { agentPackages, type PackageFile, type PackageFormat } from "../../tools/agent-packages/build.ts";
import { type Served, served } from "../appliance/served.ts";

const PREFIX = "tagent";
const AGENT = "/opt/kace-reference/bin/kace-agent";
const SERVICE = "kace-reference-agent";
const OURS = ["/opt/kace-reference", "/etc/kace-reference", "/var/lib/kace-reference", "/var/log/kace-reference"];

// A host starts and an installer ends when they do; nothing here is about how long that takes.
vi.setConfig({ testTimeout: 600_000, hookTimeout: 900_000 });

describe.skipIf(whyNoLab() !== undefined)("the reference agent's packages on real hosts", () => {
  let lab: Lab;
  let folder: string;
  let configuration: string;
  let packages: PackageFile[];
  let gateway: Served | undefined;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "kace-agent-hosts-"));
    packages = [];
    for (const version of ["1.4.2", "1.5.0"]) {
      packages.push(...(await agentPackages({ version, architectures: ["amd64"], say: () => undefined })));
    }
    lab = await Lab.up({
      prefix: PREFIX,
      hosts: [
        { name: "deb", kind: "systemd" },
        { name: "rpm", kind: "systemd", family: "rpm" },
        { name: "sysv", kind: "light" },
        { name: "bare", kind: "systemd", family: "rpm", without: ["/usr/bin/rpm"] },
      ],
    });
    gateway = await served(folder, { host: lab.gateway, name: "gateway" });
    const appliance = await openLocal({ folder, who: "the test", now: Date.now });
    const token = (await appliance.createToken({ name: "agents" })).value;
    await appliance.close();
    configuration = JSON.stringify({ server: `gateway:${gateway.port}`, token, ca: gateway.ca });
  });

  afterAll(async () => {
    try {
      await gateway?.stop();
    } finally {
      await Lab.down(PREFIX);
      await rm(folder, { recursive: true, force: true });
    }
  });

  async function bring(host: LabHost, format: PackageFormat, version: string): Promise<string> {
    const file = packages.find((one) => one.format === format && one.version === version);
    if (file === undefined) throw new Error(`there is no ${format} of ${version}`);
    const path = `/var/tmp/${file.fileName}`;
    await host.writeFile(path, await readFile(file.path));
    return path;
  }

  const exitCodeOf = async (host: LabHost, ...argv: string[]): Promise<number | null> =>
    (await host.exec(argv)).exitCode;
  const waitFor = async (host: LabHost, ...args: string[]) => {
    const { exitCode, stdout, stderr } = await host.exec([AGENT, "wait", "--timeout", "120s", ...args]);
    if (exitCode !== 0) throw new Error(`wait ended with ${exitCode}: ${stdout}${stderr}`);
    return JSON.parse(stdout) as { readonly pid: number; readonly kuid: string; readonly agentVersion: string };
  };
  const left = async (host: LabHost): Promise<string[]> => {
    const found: string[] = [];
    for (const path of OURS) if (await host.exists(path)) found.push(path);
    return found;
  };

  const managers = [
    {
      name: "deb",
      format: "deb",
      put: ["dpkg", "-i"],
      take: ["dpkg", "-r", SERVICE],
      unitFolder: "/lib/systemd/system",
    },
    {
      name: "rpm",
      format: "rpm",
      put: ["rpm", "-U"],
      take: ["rpm", "-e", SERVICE],
      unitFolder: "/usr/lib/systemd/system",
    },
  ] as const;

  test.each(managers)("live a whole life with systemd: $name", async ({ name, format, put, take, unitFolder }) => {
    const host = lab.host(name);
    const isActive = () => exitCodeOf(host, "systemctl", "is-active", "--quiet", SERVICE);
    const isEnabled = () => exitCodeOf(host, "systemctl", "is-enabled", "--quiet", SERVICE);

    // Installed without a configuration, it is ready for the next start, and does not run.
    await host.run([...put, await bring(host, format, "1.4.2")]);
    expect(await isEnabled()).toBe(0);
    expect(await isActive()).not.toBe(0);

    await host.run([AGENT, "configure"], { stdin: configuration });
    await host.run(["systemctl", "start", SERVICE]);
    const first = await waitFor(host);
    expect(await host.exists("/etc/kace-reference/token")).toBe(false);

    // An upgrade restarts what runs, and it is the same device.
    await host.run([...put, await bring(host, format, "1.5.0")]);
    const second = await waitFor(host);
    expect(second).toMatchObject({ kuid: first.kuid, agentVersion: "1.5.0" });
    expect(second.pid).not.toBe(first.pid);

    await host.reboot();
    expect(await waitFor(host)).toMatchObject({ kuid: first.kuid });

    // What is stopped stays stopped.
    await host.run(["systemctl", "stop", SERVICE]);
    const older = name === "rpm" ? [...put, "--oldpackage"] : [...put];
    await host.run([...older, await bring(host, format, "1.4.2")]);
    expect(await isActive()).not.toBe(0);
    expect(await host.run([AGENT, "version"])).toBe("1.4.2\n");
    await host.run(["systemctl", "start", SERVICE]);
    await waitFor(host);

    await host.run([...take]);
    expect(await isActive()).not.toBe(0);
    expect(await host.exists(`${unitFolder}/${SERVICE}.service`)).toBe(false);
    expect(await host.exists(`/etc/systemd/system/multi-user.target.wants/${SERVICE}.service`)).toBe(false);
    expect(await left(host)).toEqual(["/etc/kace-reference", "/var/lib/kace-reference"]);

    // Installed again, it is configured already and starts by itself, as the device it was.
    await host.run([...put, await bring(host, format, "1.5.0")]);
    expect(await waitFor(host)).toMatchObject({ kuid: first.kuid });
    await host.run([AGENT, "uninstall", "--all"]);
    expect(await left(host)).toEqual([]);
    expect((await host.packages()).filter((one) => one.name === SERVICE)).toEqual([]);
    expect((await host.exec(["pgrep", "-x", "kace-agent"])).stdout).toBe("");
  });

  test("live without systemd", async () => {
    const host = lab.host("sysv");
    const script = `/etc/init.d/${SERVICE}`;
    await host.run(["dpkg", "-i", await bring(host, "deb", "1.4.2")]);
    expect(await exitCodeOf(host, script, "status")).toBe(3);
    expect(await exitCodeOf(host, script, "start")).toBe(6);
    await host.run([AGENT, "configure"], { stdin: configuration });
    await host.run([script, "start"]);
    const first = await waitFor(host);
    await host.run([script, "start"]);
    expect(await waitFor(host)).toMatchObject({ pid: first.pid });
    expect(await host.readFile("/var/log/kace-reference/agent.log")).toContain("state=approved");
    expect((await host.run(["sh", "-c", `ls /etc/rc3.d | grep ${SERVICE}`])).startsWith("S")).toBe(true);

    await host.run(["dpkg", "-i", await bring(host, "deb", "1.5.0")]);
    const second = await waitFor(host);
    expect(second).toMatchObject({ kuid: first.kuid, agentVersion: "1.5.0" });

    await host.run([script, "stop"]);
    expect(await exitCodeOf(host, script, "status")).toBe(3);
    await host.run([script, "start"]);
    await waitFor(host);
    await host.run(["dpkg", "-P", SERVICE]);
    expect(await left(host)).toEqual([]);
    expect(await host.exists(script)).toBe(false);
    expect((await host.run(["sh", "-c", "ls /etc/rc?.d"])).includes(SERVICE)).toBe(false);
  });

  test("live on a machine without dpkg and rpm, from the archive", async () => {
    const host = lab.host("bare");
    await host.run(["tar", "-xzf", await bring(host, "tar.gz", "1.4.2"), "-C", "/"]);
    await host.run([AGENT, "configure"], { stdin: configuration });
    await host.run(["sh", "/opt/kace-reference/install.sh"]);
    const first = await waitFor(host);
    await host.run(["tar", "-xzf", await bring(host, "tar.gz", "1.5.0"), "-C", "/"]);
    await host.run(["sh", "/opt/kace-reference/install.sh"]);
    expect(await waitFor(host)).toMatchObject({ kuid: first.kuid, agentVersion: "1.5.0" });
    await host.run([AGENT, "uninstall", "--all"]);
    expect(await left(host)).toEqual([]);
    expect(await host.exists(`/etc/systemd/system/${SERVICE}.service`)).toBe(false);
  });
});
