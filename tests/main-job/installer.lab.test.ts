import { createReadStream } from "node:fs";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { Lab, type LabHost, whyNoLab } from "../../examples/lab/lab.ts";
import { type LocalAppliance, openLocal } from "../../provider/appliance/local/local.ts";
import { runKace } from "../../provider/cli/program.ts";
import { agentPackages } from "../../tools/agent-packages/build.ts";
import { type Served, served } from "../appliance/served.ts";

const PREFIX = "tinst";
const AGENT = "/opt/kace-reference/bin/kace-agent";
const PLACE = "/var/tmp/installer";

vi.setConfig({ testTimeout: 600_000, hookTimeout: 900_000 });

describe.skipIf(whyNoLab() !== undefined)("installers with server and token built in", () => {
  let lab: Lab;
  let folder: string;
  let appliance: LocalAppliance;
  let gateway: Served | undefined;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "kace-installers-"));
    lab = await Lab.up({
      prefix: PREFIX,
      hosts: [
        { name: "deb", kind: "systemd" },
        { name: "rpm", kind: "systemd", family: "rpm" },
      ],
    });
    gateway = await served(join(folder, "appliance"), { host: lab.gateway, name: "gateway" });
    appliance = await openLocal({ folder: join(folder, "appliance") });
    const built = await agentPackages({ version: "1.4.2", architectures: ["amd64"], say: () => undefined });
    for (const { path, sha256, sizeBytes } of built)
      await appliance.putPackage(sha256, sizeBytes, createReadStream(path));
    await appliance.saveBundle({
      name: "agents",
      version: "1.4.2",
      flavour: "reference",
      packages: built.map(({ fileName, architecture, format, version, sha256, sizeBytes }) => ({
        fileName,
        platform: "linux",
        architecture,
        format,
        version,
        sha256,
        sizeBytes,
      })),
    });
    await writeFile(join(folder, "token"), (await appliance.createToken({ name: "agents" })).value);
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

  /** Fetches an installer by `kace installer`, brings it to a machine, and runs there what was printed. */
  async function install(host: LabHost, format: string, form: string): Promise<void> {
    const out = join(folder, `${host.name}-${format}-${form}`);
    const lines: string[] = [];
    const exitCode = await runKace(
      [
        ...["--database", join(folder, "appliance"), "installer", "--format", format, "--form", form],
        ...["--token-file", join(folder, "token"), "--out", out],
      ],
      {
        terminal: { out: (text) => void lines.push(text), err: () => undefined },
        environment: {},
        signal: new AbortController().signal,
      },
    );
    expect(exitCode).toBe(0);
    await host.run(["rm", "-rf", PLACE]);
    for (const name of await readdir(out)) await host.writeFile(`${PLACE}/${name}`, await readFile(join(out, name)));
    // By stdin, as somebody types it: the token is in no command line of this test either.
    await host.run(["sh", "-e"], { stdin: `cd ${PLACE}\n${lines.join("\n")}\n` });
  }

  test.each([
    ["deb", "deb", "fileName"],
    ["rpm", "rpm", "environment"],
    ["deb", "deb", "environment"],
    ["rpm", "rpm", "fileName"],
    ["deb", "deb", "arguments"],
    ["rpm", "tar.gz", "fileName"],
    ["deb", "tar.gz", "environment"],
  ])("on %s a %s by %s: the agent enrols by what was printed, and is approved", async (name, format, form) => {
    const host = lab.host(name);
    await install(host, format, form);
    const { exitCode, stdout, stderr } = await host.exec([AGENT, "wait", "--timeout", "120s", "--state", "approved"]);
    expect(exitCode, `${stdout}${stderr}`).toBe(0);
    const { kuid } = JSON.parse(stdout) as { readonly kuid: string };
    expect(await appliance.getDevice({ kuid })).toMatchObject({ state: "approved" });
    await host.run([AGENT, "uninstall", "--all"]);
    await appliance.deleteDevice({ kuid });
  });

  test("one that is told what cannot be is installed, says why it waits, and fails no package manager", async () => {
    const host = lab.host("deb");
    await install(host, "deb", "fileName");
    await host.run([AGENT, "uninstall", "--all"]);
    const [deb = ""] = (await readdir(join(folder, "deb-deb-fileName"))).filter((file) => file.endsWith(".deb"));
    const { exitCode, stderr } = await host.exec(["sh", "-e"], {
      stdin: `cd ${PLACE}\nKACE_SERVER='not a name:1' dpkg -i './${deb}'\n`,
    });
    expect(exitCode).toBe(0);
    expect(stderr).toContain("the agent is installed, but not configured");
    expect(await host.exists("/etc/kace-reference/agent.json")).toBe(false);
    await host.run([AGENT, "uninstall", "--all"]);
  });
});
