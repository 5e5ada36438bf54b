import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { type HostSpec, Lab, type LabHost, whyNoLab } from "../../examples/lab/lab.ts";
import { type LocalAppliance, openLocal } from "../../provider/appliance/local/local.ts";
import { agentPackages, type PackageFile, type PackageFormat, type Variant } from "../../tools/agent-packages/build.ts";
import { type Served, served } from "../appliance/served.ts";

vi.setConfig({ testTimeout: 900_000, hookTimeout: 900_000 });

const EVENTUALLY = { timeout: 600_000, interval: 1_000 };
const PREFIX = "selfup";
const AGENT = "/opt/kace-reference/bin/kace-agent";
const SERVICE = "kace-reference-agent";
const WATCHDOG = "kace-reference-agent-update";
const ARCHITECTURE = process.arch === "arm64" ? "arm64" : "amd64";

/** Enough for one that comes back, on a busy machine too; what never connects does not in a short time either. */
const PATIENT = 600;
const SHORT = 10;

/** Its package of the new version never connects. */
const BROKEN = "rpm01";

/** Its agent is told the server's address only. */
const BY_ADDRESS = "web06";

/** How each host got its agent. */
const HOSTS: readonly (HostSpec & { readonly format: PackageFormat })[] = [
  ...Array.from({ length: 7 }, (_, index) => ({
    name: `web0${index + 1}`,
    kind: "systemd" as const,
    format: "deb" as const,
  })),
  { name: "rpm01", kind: "systemd", family: "rpm", format: "rpm" },
  { name: "bare01", kind: "systemd", family: "rpm", without: ["/usr/bin/rpm"], format: "tar.gz" },
  { name: "sysv01", kind: "light", format: "deb" },
];

describe.skipIf(whyNoLab() !== undefined)("agents that update themselves", () => {
  let lab: Lab;
  let folder: string;
  let appliance: LocalAppliance;
  let gateway: Served | undefined;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "kace-selfup-"));
    lab = await Lab.up({ prefix: PREFIX, hosts: HOSTS.map(({ format: _format, ...host }) => host) });
    gateway = await served(folder, { host: lab.gateway, name: "gateway" });
    const server = `gateway:${gateway.port}`;
    appliance = await openLocal({ folder, who: "the test", now: Date.now });
    const { value: token } = await appliance.createToken({ name: "agents" });
    for (const { name, format } of HOSTS) {
      const known = name === BY_ADDRESS ? server.replace("gateway", lab.gateway) : server;
      await install(lab.host(name), format, JSON.stringify({ server: known, token, ca: gateway.ca }));
    }
  });

  afterAll(async () => {
    try {
      await gateway?.stop();
    } finally {
      await appliance?.close();
      await Lab.down(PREFIX);
      await rm(folder, { recursive: true, force: true });
    }
  });

  async function install(host: LabHost, format: PackageFormat, configuration: string): Promise<void> {
    // A system that the appliance does not know gets an archive.
    if (format === "tar.gz") await host.writeFile("/etc/os-release", "ID=homemade\nVERSION_ID=1\n");
    const { path, fileName } = await built("1.4.2", format);
    const target = `/var/tmp/${fileName}`;
    await host.writeFile(target, await readFile(path));
    if (format === "deb") await host.run(["dpkg", "-i", target]);
    else if (format === "rpm") await host.run(["rpm", "-U", target]);
    else await host.run(["sh", "-c", `tar -xzf ${target} -C / && sh /opt/kace-reference/install.sh`]);
    await host.run([AGENT, "configure"], { stdin: configuration });
    const isSystemd = HOSTS.find(({ name }) => name === host.name)?.kind === "systemd";
    await host.run(isSystemd ? ["systemctl", "start", SERVICE] : [`/etc/init.d/${SERVICE}`, "start"]);
    await host.run([AGENT, "wait", "--timeout", "10m"]);
    await host.run(["rm", target]);
  }

  async function built(version: string, format: PackageFormat, variant?: Variant): Promise<PackageFile> {
    const [file] = await agentPackages({
      version,
      architectures: [ARCHITECTURE],
      formats: [format],
      ...(variant !== undefined && { flavourOptions: { flavour: "reference", variant } }),
      say: () => undefined,
    });
    if (file === undefined) throw new Error("no package was built");
    return file;
  }

  /** Puts a package on the appliance and says it as the payload of a task does. */
  async function onWire({ path, fileName, sha256, sizeBytes, format, version }: PackageFile) {
    await appliance.putPackage(sha256, sizeBytes, createReadStream(path));
    return { fileName, sha256, sizeBytes, format, version };
  }

  async function kuidOf(name: string): Promise<string> {
    return JSON.parse(await lab.host(name).run(["cat", "/var/lib/kace-reference/status.json"])).kuid;
  }

  /** The update that the policy ordered of a host. */
  async function policyTaskOf(name: string): Promise<string> {
    const kuids = [await kuidOf(name)];
    const tasks = async () =>
      (await appliance.listTasks({ kuids, types: ["self-update"] })).tasks.filter(({ sourceId }) =>
        sourceId.startsWith("update-policy:"),
      );
    await expect.poll(tasks, EVENTUALLY).toHaveLength(1);
    const [task] = await tasks();
    return task?.id ?? "";
  }

  /** Orders an update of one host; gives the id of its task. */
  async function order(name: string, file: PackageFile, confirmSeconds: number): Promise<string> {
    const rollback = await onWire(await built("1.4.2", file.format));
    const payload = { ...(await onWire(file)), confirmSeconds, rollback };
    const { tasks } = await appliance.queueTasks({ kuids: [await kuidOf(name)], type: "self-update", payload });
    return tasks[0]?.id ?? "";
  }

  async function ended(id: string): Promise<{ readonly state: string; readonly note?: string | undefined }> {
    await expect.poll(async () => (await appliance.getTask({ id })).state, EVENTUALLY).toMatch(/ed$|^timed-out$/);
    const { state, note } = await appliance.getTask({ id });
    return { state, ...(note !== undefined && { note }) };
  }

  /** What the appliance, the machine's package tool and its running agent say of the version. */
  async function versions(name: string): Promise<readonly unknown[]> {
    const host = lab.host(name);
    const device = await appliance.getDevice({ kuid: await kuidOf(name) });
    const hasTool = HOSTS.find((one) => one.name === name)?.format !== "tar.gz";
    const packages = hasTool ? await host.packages() : [];
    const installed = packages.find((one) => one.name === SERVICE)?.version;
    const { connected, agentVersion } = JSON.parse(await host.run([AGENT, "status", "--json"]));
    return [device.agentVersion, installed?.replace(/-1$/, ""), agentVersion, connected];
  }

  async function expectVersion(name: string, version: string): Promise<void> {
    const format = HOSTS.find((host) => host.name === name)?.format;
    const known = format === "tar.gz" ? undefined : version;
    await expect.poll(() => versions(name), EVENTUALLY).toEqual([version, known, version, true]);
  }

  /** Of the update nothing stays but the package to go back to next time. */
  async function expectNothingLeft(name: string, version: string): Promise<void> {
    const host = lab.host(name);
    const { format } = HOSTS.find((one) => one.name === name) ?? {};
    const files = async () => (await host.run(["ls", "/var/lib/kace-reference/update"])).trim().split("\n").sort();
    await expect.poll(files, EVENTUALLY).toEqual([`kept-${version}.${format}`, "outcome.json", "watchdog.lock"]);
    expect(await host.exists(`/etc/systemd/system/${WATCHDOG}.service`)).toBe(false);
  }

  test("one that was given its server's address knows it by its name soon, and is connected by that", async () => {
    const host = lab.host(BY_ADDRESS);
    const status = async () => JSON.parse(await host.run([AGENT, "status", "--json"]));
    await expect
      .poll(status, EVENTUALLY)
      .toMatchObject({ connected: true, server: expect.stringMatching(/^gateway:/) });
  });

  test("ten of them, by a policy: all whose package is whole come back as the new version", async () => {
    for (const version of ["1.4.2", "1.5.0"]) {
      const packages = [];
      for (const format of ["deb", "rpm", "tar.gz"] as const) {
        const isBroken = version === "1.5.0" && format === "rpm";
        const file = await built(version, format, isBroken ? "never-connects" : undefined);
        packages.push({ ...(await onWire(file)), platform: "linux", architecture: ARCHITECTURE });
      }
      await appliance.saveBundle({ name: `agents ${version}`, version, flavour: "reference", packages, loaded: true });
    }
    await appliance.saveUpdatePolicy({ enabled: true, allMachines: true, version: "1.5.0", maxFailures: "100%" });
    for (const { name } of HOSTS.filter((host) => host.name !== BROKEN)) {
      expect({ name, ...(await ended(await policyTaskOf(name))) }).toEqual({
        name,
        state: "completed",
        note: "updated from 1.4.2 to 1.5.0",
      });
      await expectVersion(name, "1.5.0");
      await expectNothingLeft(name, "1.5.0");
    }
  });

  test.each([
    ["web01", "with dpkg", "deb"],
    ["bare01", "without a package tool", "tar.gz"],
    ["sysv01", "without systemd", "deb"],
  ] as const)(
    "%s goes back from a program that exits at once to the package that it kept: %s",
    async (name, _how, format) => {
      const id = await order(name, await built("1.6.0", format, "service-fails"), SHORT);
      expect(await ended(id)).toEqual({
        state: "failed",
        // Without systemd the package's own script sees that the agent does not start.
        note: expect.stringMatching(
          /^1\.5\.0 was put back: 1\.6\.0 (was not welcomed by the server within 10s|could not be installed): /,
        ),
      });
      await expectVersion(name, "1.5.0");
      await expectNothingLeft(name, "1.5.0");
    },
  );

  test("what is for another processor, or damaged, or older, is refused, and nothing is touched", async () => {
    const before = await lab.host("web02").dpkgLog();
    const other = ARCHITECTURE === "amd64" ? "arm64" : "amd64";
    const [foreign] = await agentPackages({
      version: "1.6.0",
      architectures: [other],
      formats: ["deb"],
      say: () => undefined,
    });
    if (foreign === undefined) throw new Error("no package was built");
    expect(await ended(await order("web02", foreign, PATIENT))).toMatchObject({
      state: "failed",
      note: expect.stringContaining(`it is for the architecture ${other}; this machine is ${ARCHITECTURE}`),
    });

    const whole = await readFile((await built("1.6.0", "deb")).path);
    const cut = whole.subarray(0, whole.length / 2);
    const sha256 = createHash("sha256").update(cut).digest("hex");
    await appliance.putPackage(sha256, cut.length, once(cut));
    const { tasks } = await appliance.queueTasks({
      kuids: [await kuidOf("web02")],
      type: "self-update",
      payload: {
        version: "1.6.0",
        sha256,
        sizeBytes: cut.length,
        format: "deb",
        fileName: "cut.deb",
        confirmSeconds: PATIENT,
      },
    });
    expect(await ended(tasks[0]?.id ?? "")).toMatchObject({
      state: "failed",
      note: expect.stringContaining("dpkg-deb"),
    });

    expect(await ended(await order("web02", await built("1.4.2", "deb"), PATIENT))).toMatchObject({
      state: "failed",
      note: expect.stringContaining("does not allow a downgrade"),
    });
    expect(await lab.host("web02").dpkgLog()).toEqual(before);
    await expectVersion("web02", "1.5.0");
  });

  test("on a full disk the agent goes on, and says why it is not updated", async () => {
    const host = lab.host("web04");
    const state = "/var/lib/kace-reference";
    await host.run([
      "sh",
      "-c",
      `systemctl stop ${SERVICE} && cp -a ${state} /var/tmp/state && mount -t tmpfs -o size=8m,mode=0700 tmpfs ${state} &&
        cp -a /var/tmp/state/. ${state} && { head -c 1M /dev/zero >${state}/reserve; cat /dev/zero >${state}/filler 2>/dev/null || true; } &&
        systemctl start ${SERVICE}`,
    ]);
    const kuid = JSON.parse(await host.run(["cat", "/var/tmp/state/status.json"])).kuid;
    await expect.poll(async () => (await appliance.getDevice({ kuid })).connected, EVENTUALLY).toBe(true);
    const payload = { ...(await onWire(await built("1.6.0", "deb", "never-connects"))), confirmSeconds: SHORT };
    const update = async () => {
      const { tasks } = await appliance.queueTasks({ kuids: [kuid], type: "self-update", payload });
      return ended(tasks[0]?.id ?? "");
    };
    expect(await update()).toMatchObject({ state: "failed", note: expect.stringContaining("no space left on device") });
    await host.run(["rm", `${state}/reserve`]);
    expect(await update()).toMatchObject({ state: "failed", note: expect.stringContaining("the disk is full: ") });
    await host.run(["sh", "-c", `systemctl stop ${SERVICE} && umount ${state} && systemctl start ${SERVICE}`]);
    await expectVersion("web04", "1.5.0");
  });

  test("killed and restarted in the middle, it still goes back from what does not connect", async () => {
    const host = lab.host("web03");
    const id = await order("web03", await built("1.6.0", "deb", "never-connects"), 60);
    const phase = async () => {
      const { stdout } = await host.exec(["cat", "/var/lib/kace-reference/update/state.json"]);
      return stdout === "" ? "" : JSON.parse(stdout).phase;
    };
    await expect.poll(phase, EVENTUALLY).toBe("confirming");
    await host.run(["systemctl", "kill", "--signal=KILL", WATCHDOG]);
    await expect
      .poll(() => host.run(["systemctl", "show", "--property=NRestarts", "--value", WATCHDOG]), EVENTUALLY)
      .toMatch(/^[1-9]/);
    await host.reboot();
    expect(await ended(id)).toMatchObject({ state: "failed", note: expect.stringMatching(/^1\.5\.0 was put back: /) });
    await expectVersion("web03", "1.5.0");
    await expectNothingLeft("web03", "1.5.0");
  });

  test("of the ten the one whose package is broken, which never connects, is the old version again, and it is said why", async () => {
    expect(await ended(await policyTaskOf(BROKEN))).toEqual({
      state: "failed",
      note: expect.stringMatching(/^1\.4\.2 was put back: 1\.5\.0 was not welcomed by the server within 3m0s: /),
    });
    await expectVersion(BROKEN, "1.4.2");
    await expectNothingLeft(BROKEN, "1.4.2");
    // The server takes notice of the end of an update at its next look.
    const notRight = async () =>
      (await appliance.planUpdates({})).machines.filter(({ verdict }) => verdict !== "right").map(({ kuid }) => kuid);
    await expect.poll(notRight, EVENTUALLY).toEqual([await kuidOf(BROKEN)]);
    await expect.poll(async () => (await appliance.getUpdatePolicy({})).failures, EVENTUALLY).toBe(1);
  });
});

async function* once(content: Uint8Array): AsyncGenerator<Uint8Array> {
  yield content;
}
