import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, readFile } from "node:fs/promises";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import * as pulumi from "@pulumi/pulumi";
import * as automation from "@pulumi/pulumi/automation/index.js";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Outputs } from "../../provider/resources/provisioning/outputs.ts";
import { environmentOf, pulumiCli } from "../e2e/cli.ts";
import { KACE_PLUGIN, VERSION } from "./ground.ts";
import { loadNodeSdk } from "./programs/node-sdk.ts";
import { installPythonSdk } from "./programs/python-sdk.ts";
import { Site } from "./site.ts";

const PYTHON_PROGRAM = fileURLToPath(new URL("./programs/fleet.py", import.meta.url));

let site: Site;

beforeAll(async () => {
  site = await Site.up({
    prefix: "langs",
    hosts: [
      { name: "deb", kind: "systemd" },
      { name: "rpm", kind: "systemd", family: "rpm" },
    ],
  });
});

afterAll(async () => {
  await site?.down();
});

type Told = Pick<Outputs, "summary" | "results">;

/** What has to be the same, whatever the language; each installation gives the agent an identity of its own. */
function withoutIdentities({ summary, results }: Told): Told {
  const entries = Object.entries(results).map(([machine, { identity, ...rest }]) => {
    expect(identity).toMatch(/./);
    return [machine, rest] as const;
  });
  return { summary, results: Object.fromEntries(entries) };
}

function expected(): Told {
  const result = {
    platform: "linux",
    action: "install",
    class: "succeeded" as const,
    code: "installed",
    version: VERSION,
    server: "gateway:8443",
  };
  return {
    summary: {
      total: 2,
      succeeded: 2,
      unchanged: 0,
      removed: 0,
      absent: 0,
      unreachable: 0,
      failed: 0,
      notAttempted: 0,
      percentSucceeded: 100,
    },
    results: Object.fromEntries(site.addresses().map((address) => [address, result])),
  };
}

async function expectAgentsGone(): Promise<void> {
  for (const host of site.lab.hosts) expect(await host.exists("/opt/kace-reference"), host.name).toBe(false);
}

/** A folder for a program of its own, and the variables under which a plugin is found there without being named. */
async function place(name: string): Promise<{ readonly folder: string; readonly env: Record<string, string> }> {
  const folder = join(site.folders.root, name);
  await mkdir(folder);
  const env = await environmentOf(site);
  return { folder, env: { ...env, PATH: `${KACE_PLUGIN}${delimiter}${env.PATH}` } };
}

describe("the same fleet, in one language after the other", () => {
  test("as a YAML program", async () => {
    await site.write(site.fleet({ targets: { ips: site.addresses() } }));
    await site.up();
    const told = { summary: await site.summary(), results: await site.results() };
    expect(withoutIdentities(told)).toEqual(expected());
    await site.up("--expect-no-changes");
    await site.destroy();
    await expectAgentsGone();
  });

  test("as a TypeScript program, by the generated SDK and the Automation API", async () => {
    const { folder, env } = await place("in-typescript");
    const kace = await loadNodeSdk(join(site.folders.root, "node-sdk"));
    const packages = join(site.folder, "packages");
    const checksums = await readFile(join(packages, "SHA256SUMS"), "utf8");
    const program = async () => {
      const token = new kace.AgentToken("token");
      const agents = new kace.AgentBundle("agents", { folder: packages, checksums });
      const fleet = new kace.ProvisioningConfig("fleet", {
        targets: { ips: site.addresses() },
        agent: { bundle: agents.id, token: token.value },
        linux: { username: "root", privateKey: pulumi.secret(site.lab.keys.ed25519.privateKey) },
        onDestroy: "uninstall",
      });
      return { summary: fleet.summary, results: fleet.results };
    };
    const { command } = await pulumiCli();
    const stack = await automation.LocalWorkspace.createOrSelectStack(
      { projectName: "in-typescript", stackName: "dev", program },
      {
        workDir: folder,
        pulumiHome: site.home,
        envVars: env,
        pulumiCommand: await automation.PulumiCommand.get({ root: dirname(dirname(command)) }),
      },
    );
    const { outputs } = await stack.up();
    const told = { summary: outputs.summary?.value, results: outputs.results?.value };
    expect(withoutIdentities(told)).toEqual(expected());
    await stack.up({ expectNoChanges: true });
    await stack.destroy();
    await expectAgentsGone();
  });

  test("as a Python program, by the generated SDK and the Automation API", async () => {
    const { folder, env } = await place("in-python");
    const { python, installed } = await installPythonSdk(join(site.folders.root, "python-sdk"));
    const packages = join(site.folder, "packages");
    const given = {
      folder,
      packages,
      checksums: await readFile(join(packages, "SHA256SUMS"), "utf8"),
      ips: site.addresses(),
      privateKey: site.lab.keys.ed25519.privateKey,
    };
    const child = spawn(python, [PYTHON_PROGRAM], {
      cwd: folder,
      env: { ...env, PYTHONPATH: installed },
      stdio: "pipe",
    });
    const [said, told] = [textOf(child.stderr), textOf(child.stdout)];
    child.stdin.end(JSON.stringify(given));
    const [exitCode] = await once(child, "close");
    expect(exitCode, await said).toBe(0);
    expect(withoutIdentities(JSON.parse(await told))).toEqual(expected());
    await expectAgentsGone();
  });
});

async function textOf(stream: NodeJS.ReadableStream): Promise<string> {
  let text = "";
  for await (const piece of stream) text += String(piece);
  return text;
}
