import { chmod, copyFile, cp, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import * as z from "zod";
import { Lab, type LabHost, whyNoLab } from "../../examples/lab/lab.ts";
import { agentPackages } from "../../tools/agent-packages/build.ts";
import { bundle, PROGRAMS } from "../../tools/build/bundle.ts";

vi.setConfig({ testTimeout: 600_000, hookTimeout: 900_000 });

const EVENTUALLY = { timeout: 120_000, interval: 500 };
const PREFIX = "unit";
const AGENT = "/opt/kace-reference/bin/kace-agent";
/** Where the program is put on its host. */
const PROGRAM = "/opt/pulumi-kace";
const FOLDER = "/var/lib/pulumi-kace";

const agentStatus = z.object({ kuid: z.string(), connected: z.boolean(), state: z.string() });
const devices = z.array(
  z.object({
    kuid: z.string(),
    hostname: z.string(),
    state: z.string(),
    connected: z.boolean(),
    inventory: z.object({ hostname: z.string() }).optional(),
  }),
);

/** A server installed as `docs/operations.md` says, on a host that has nothing but Node and the built program. */
describe.skipIf(whyNoLab() !== undefined)("the unit that kace serve prints, on a host with systemd", () => {
  let lab: Lab;
  let server: LabHost;
  let web: LabHost;

  beforeAll(async () => {
    lab = await Lab.up({
      prefix: PREFIX,
      hosts: [
        { name: "kbox", kind: "systemd" },
        { name: "web01", kind: "systemd" },
      ],
    });
    server = lab.host("kbox");
    web = lab.host("web01");
    await install(server);
    await server.run(["useradd", "--system", "--home-dir", FOLDER, "--shell", "/usr/sbin/nologin", "kace"]);
    await server.run(["sh", "-c", "kace serve --name kbox --print-unit > /etc/systemd/system/kace.service"]);
    await server.run(["systemctl", "daemon-reload"]);
    await server.run(["systemctl", "enable", "--now", "kace"]);
  });

  afterAll(() => Lab.down(PREFIX));

  /** Node and the built program, nothing of this repository besides. */
  async function install(host: LabHost): Promise<void> {
    const built = await mkdtemp(join(tmpdir(), "kace-unit-"));
    try {
      await bundle(built);
      const into = join(host.root, PROGRAM);
      await cp(built, into, { recursive: true });
      for (const folder of [into, join(into, PROGRAMS)]) await chmod(folder, 0o755);
    } finally {
      await rm(built, { recursive: true, force: true });
    }
    const node = join(host.root, "usr/local/bin/node");
    await copyFile(process.execPath, node);
    await chmod(node, 0o755);
    await host.run(["ln", "-s", `${PROGRAM}/kace`, "/usr/local/bin/kace"]);
  }

  const journal = () => server.run(["journalctl", "--unit=kace", "--no-pager", "--output=cat"]);

  const serving = async () =>
    (await journal()).split("\n").filter((line) => line.startsWith("serving agents and")).length;

  const property = async (name: string) =>
    (await server.run(["systemctl", "show", "kace", `--property=${name}`, "--value"])).trim();

  /** The command as the service's own user, as the page says. */
  const kace = (...args: readonly string[]) =>
    server.run(["sudo", "-u", "kace", "kace", "--database", FOLDER, ...args]);

  const knownDevices = async () => devices.parse(JSON.parse(await kace("--json", "devices", "list")));

  const agent = async () => agentStatus.parse(JSON.parse(await web.run([AGENT, "status", "--json"])));

  async function installAgent(): Promise<void> {
    const [file] = await agentPackages({
      version: "1.4.2",
      architectures: [process.arch === "arm64" ? "arm64" : "amd64"],
      formats: ["deb"],
      say: () => undefined,
    });
    if (file === undefined) throw new Error("no package was built");
    const target = `/var/tmp/${file.fileName}`;
    await web.writeFile(target, await readFile(file.path));
    await web.run(["dpkg", "-i", target]);
    const ca = await server.readFile(`${FOLDER}/certificates/ca.pem`);
    await web.run([AGENT, "configure"], { stdin: JSON.stringify({ server: "kbox:8443", ca }) });
    await web.run(["systemctl", "start", "kace-reference-agent"]);
  }

  test("starts and serves as its own user, who owns all of its folder and nobody else reads it", async () => {
    await expect.poll(serving, EVENTUALLY).toBe(1);
    expect(await property("ActiveState")).toBe("active");
    const pid = await property("MainPID");
    expect((await server.run(["stat", "--format=%U", `/proc/${pid}`])).trim()).toBe("kace");
    expect((await server.run(["stat", "--format=%U %a", FOLDER])).trim()).toBe("kace 700");
    const others = `find ${FOLDER} ! -user kace -o -perm /077`;
    expect(await server.run(["sh", "-c", others])).toBe("");
    expect(await server.readFile(`/proc/${pid}/status`)).toMatch(/^NoNewPrivs:\t1$/m);
  });

  test("an agent of another host connects, and the command of the same user lets it in", async () => {
    await installAgent();
    await expect.poll(agent, EVENTUALLY).toMatchObject({ connected: true, state: "quarantined" });
    await kace("quarantine", "approve", "web01");
    await expect.poll(agent, EVENTUALLY).toMatchObject({ connected: true, state: "approved" });
    await kace("checkin", "web01");
    await expect.poll(knownDevices, EVENTUALLY).toMatchObject([{ inventory: { hostname: "web01" } }]);
  });

  test("stops gracefully, and what it knew is there when it starts again", async () => {
    const before = await serving();
    const { kuid } = await agent();
    await server.run(["systemctl", "stop", "kace"]);
    expect(await property("Result")).toBe("success");
    expect((await journal()).trim()).toMatch(
      /stopping: .+\n(?:.*\n)*no new calls; those in flight may finish\n(?:.*\n)*stopped\n/,
    );
    await expect.poll(agent, EVENTUALLY).toMatchObject({ connected: false });
    await server.run(["systemctl", "start", "kace"]);
    await expect.poll(serving, EVENTUALLY).toBe(before + 1);
    await expect
      .poll(knownDevices, EVENTUALLY)
      .toMatchObject([{ kuid, hostname: "web01", state: "approved", connected: true }]);
    expect(await agent()).toMatchObject({ kuid, connected: true });
  });

  test("backs up into its folder while it serves, as the page says", async () => {
    await kace("backup", `${FOLDER}/today.backup`);
    expect((await server.run(["stat", "--format=%U %a", `${FOLDER}/today.backup`])).trim()).toBe("kace 600");
  });

  test("comes back by itself when it is killed, and when its host starts anew", async () => {
    const { kuid } = await agent();
    const before = await serving();
    await server.run(["systemctl", "kill", "--signal=KILL", "kace"]);
    await expect.poll(serving, EVENTUALLY).toBe(before + 1);
    expect(await property("NRestarts")).toBe("1");
    await server.reboot();
    await expect
      .poll(async () => (await server.exec(["systemctl", "is-active", "kace"])).stdout.trim(), EVENTUALLY)
      .toBe("active");
    await expect
      .poll(knownDevices, EVENTUALLY)
      .toMatchObject([{ kuid, hostname: "web01", state: "approved", connected: true }]);
  });
});
