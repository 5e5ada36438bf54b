import { execFileSync } from "node:child_process";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describe, expect, it, onTestFinished, type TestContext } from "vitest";
import { openLocal } from "../../provider/appliance/local/local.ts";
import { Project, type YamlProgram } from "../e2e/project.ts";
import { KACE } from "./kace-plugin.ts";
import { serving } from "./serving.ts";

/** Many runs of the CLI one after the other, on a machine that may be busy. */
const SLOW = { timeout: 900_000 };

const TWO: YamlProgram = {
  resources: { one: { type: "kace:AgentToken" }, two: { type: "kace:AgentToken" } },
};
const THREE: YamlProgram = {
  resources: { ...TWO.resources, three: { type: "kace:AgentToken" } },
};

/** A project with two tokens, whose program wants a third. */
async function withTwoTokens(): Promise<Project> {
  const project = await Project.yaml(TWO, { plugin: KACE });
  await project.up();
  await project.write(THREE);
  return project;
}

async function expectThree(project: Project): Promise<void> {
  await project.up();
  const appliance = await openLocal({ folder: project.world, readOnly: true });
  const { tokens } = await appliance.listTokens({});
  await appliance.close();
  expect(tokens).toHaveLength(3);
  await project.expectSettled();
}

/** Runs `up`, which fails with one sentence and no stack trace. */
async function expectRefused(project: Project, sentence: string): Promise<void> {
  const output = await project.failingUp();
  expect(output).toContain(sentence);
  expect(output).not.toMatch(/\n\s+at .*[/:\\]/);
}

/** Puts a file system that cannot be written to over the appliance's folder; skipped where none may be mounted. */
function makeReadOnly({ world }: Project, { skip }: TestContext): void {
  if (process.platform !== "linux") skip("needs Linux to mount a file system");
  try {
    execFileSync("mount", ["--bind", world, world], { stdio: "pipe" });
  } catch (error) {
    skip(`needs the right to mount a file system: ${String(error).split("\n", 1)[0]}`);
  }
  onTestFinished(() => void execFileSync("umount", ["--lazy", world]));
  execFileSync("mount", ["-o", "remount,bind,ro", world]);
}

describe("an appliance in a folder that cannot be used", SLOW, () => {
  it("is locked by another process: waited for, then said so; nothing is lost, and the next update goes on", async () => {
    const project = await withTwoTokens();
    const other = new DatabaseSync(join(project.world, "appliance.db"));
    other.exec("BEGIN IMMEDIATE");
    await expectRefused(project, "is locked by another process");
    other.exec("ROLLBACK");
    other.close();
    await expectThree(project);
  });

  it("is of a newer version: refused as it is, untouched", async () => {
    const project = await withTwoTokens();
    const present = setVersion(project, 9_999);
    await expectRefused(project, "newer version");
    expect(await project.fail(["preview", "--refresh"])).toContain("newer version");
    setVersion(project, present);
    await expectThree(project);
  });

  it("is damaged, or no database of this program: refused with what to do", async () => {
    const project = await Project.yaml(THREE, { plugin: KACE });
    await writeFile(join(project.world, "appliance.db"), "this is a letter to a friend\n".repeat(400));
    await expectRefused(project, "is damaged, or not a database of this program");
    expect((await project.recorded()).filter(({ type }) => type === "kace:index:AgentToken")).toEqual([]);
    await rm(join(project.world, "appliance.db"));
    await expectThree(project);
  });

  it("is on a file system that is read-only", async (context) => {
    const project = await withTwoTokens();
    makeReadOnly(project, context);
    await expectRefused(project, "read-only");
  });

  it("is a relative folder, of which nobody could say where it is", async () => {
    const project = await Project.yaml(THREE, { plugin: KACE, config: { "kace:database": "appliance" } });
    await expectRefused(project, 'database: "appliance" is relative (write the whole path of a folder');
  });
});

describe("an appliance behind a server that cannot be used", SLOW, () => {
  it("does not answer, knows another token, or shows a certificate of an unknown authority", async () => {
    const project = await Project.yaml(THREE, { plugin: KACE });
    const server = await serving(project.world);
    const appliance = await openLocal({ folder: project.world });
    const { value } = await appliance.createApiToken({ name: "pipeline" });
    await appliance.close();
    project.secrets.push(value, "another-token-canary");
    const configure = async (config: Readonly<Record<string, string>>, apiToken: string) => {
      await project.configure(config);
      await project.succeed(["config", "set", "--secret", "kace:apiToken", apiToken]);
    };
    const right = { "kace:endpoint": server.endpoint, "kace:caCertificate": server.ca };

    await configure(right, "another-token-canary");
    await expectRefused(project, "token");
    await configure({ "kace:endpoint": server.endpoint }, value);
    await expectRefused(project, "certificate");
    await configure(right, value);
    await project.write(TWO);
    await project.up();
    await server.stop();
    await project.write(THREE);
    await expectRefused(project, server.endpoint);
    const { port } = await serving(project.world, server.port);
    expect(port).toBe(server.port);
    await expectThree(project);
  });
});

/** Gives the database another version, and its version before. */
function setVersion(project: Project, version: number): number {
  const database = new DatabaseSync(join(project.world, "appliance.db"));
  const present = Number(database.prepare("PRAGMA user_version").get()?.user_version);
  database.exec(`PRAGMA user_version = ${version}`);
  database.close();
  return present;
}
