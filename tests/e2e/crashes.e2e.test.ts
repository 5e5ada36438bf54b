import { describe, expect, it } from "vitest";
import { pluginsOf } from "./processes.ts";
import { nameOf, Project, ref } from "./project.ts";

/** Objects that are in the middle of their creation when the world is asked. */
function programOf(behaviour: string) {
  const made = { behaviour, secret: "said-by-nobody" };
  return {
    resources: {
      done: { type: "fixture:Note", properties: { text: "was made before" } },
      it: { type: "fixture:Faulty", properties: made, options: { dependsOn: [ref("done")] } },
      later: { type: "fixture:Note", properties: { text: "comes after" }, options: { dependsOn: [ref("it")] } },
    },
  };
}

/** Waits until the object of a resource exists in the outside world, and gives the process that made it. */
async function untilMade(project: Project, name: string): Promise<number> {
  let pid: number | undefined;
  await expect
    .poll(
      async () => {
        const effects = await project.effects();
        pid = effects.find(({ kind, urn }) => kind === "create" && urn.endsWith(`::${name}`))?.pid;
        return pid;
      },
      { timeout: 60_000 },
    )
    .toBeDefined();
  return Number(pid);
}

async function expectNoPluginLeft(project: Project): Promise<void> {
  await expect.poll(() => pluginsOf(project.world), { timeout: 90_000 }).toEqual([]);
}

/** The promise after every crash: the next `up` converges and made nothing twice. */
async function expectConverges(project: Project): Promise<void> {
  await project.up();
  const creations = (await project.effects()).filter(({ kind }) => kind === "create");
  expect(creations.map(({ urn }) => nameOf(urn))).toEqual(["done", "it", "later"]);
  const ids = await Promise.all(["done", "it", "later"].map(async (name) => (await project.recordedAs(name)).id));
  expect((await project.objects()).map(({ id }) => id).sort()).toEqual([...ids].sort());
  await project.expectSettled();
}

const secrets = ["said-by-nobody"];

describe("a creation that is broken off", () => {
  it("by Ctrl-C after its object exists is recorded, and the next up goes on with the same object", async () => {
    const project = await Project.yaml(programOf("existsThenWait"), { secrets });
    const up = await project.start(["up", "--yes", "--skip-preview"]);
    await untilMade(project, "it");
    up.pressCtrlC();
    const { exitCode, output } = await up.ended;
    expect(exitCode).not.toBe(0);
    expect(output).toMatch(/Faulty \(it\):\s+error: 1 error occurred:\s+\* the deployment was cancelled/);
    project.expectNoSecretIn(output, "the output");
    await expectNoPluginLeft(project);
    expect(await project.pendingOperations()).toEqual([]);
    expect((await project.recordedAs("it")).initErrors).toEqual(["the deployment was cancelled"]);
    await expectConverges(project);
    expect(await project.effectsOn("it")).toEqual(["create", "update"]);
  });

  it("by Ctrl-C before its object exists has made nothing", async () => {
    const project = await Project.yaml(programOf("wait"), { secrets });
    const up = await project.start(["up", "--yes", "--skip-preview"]);
    await expect.poll(() => up.output(), { timeout: 60_000 }).toContain("fixture:index:Faulty it creating");
    up.pressCtrlC();
    const { exitCode, output } = await up.ended;
    expect(exitCode).not.toBe(0);
    expect(output).toMatch(/Faulty \(it\):\s+error: the deployment was cancelled/);
    await expectNoPluginLeft(project);
    expect(await project.pendingOperations()).toEqual([]);
    await project.write(programOf("none"));
    await expectConverges(project);
    expect(await project.effectsOn("it")).toEqual(["create"]);
  });

  it("by kill -9 of the plugin is taken over by the next up", async () => {
    const project = await Project.yaml(programOf("existsThenHang"), { secrets });
    const up = await project.start(["up", "--yes", "--skip-preview"]);
    process.kill(await untilMade(project, "it"), "SIGKILL");
    const { exitCode, output } = await up.ended;
    expect(exitCode).not.toBe(0);
    expect(output).toContain("pulumi-resource-fixture exited prematurely");
    expect(await project.pendingOperations()).toEqual([]);
    // There is nothing that the user has to do but to run it again.
    await project.write(programOf("none"));
    await expectConverges(project);
    expect(await project.effectsOn("it")).toEqual(["create", "adopt"]);
  });

  it("by kill -9 of the CLI leaves no plugin behind, and after pulumi cancel the next up takes it over", async () => {
    const project = await Project.yaml(programOf("existsThenWait"), { secrets });
    const up = await project.start(["up", "--yes", "--skip-preview"]);
    await untilMade(project, "it");
    expect((await pluginsOf(project.world)).length).toBeGreaterThan(0);
    up.killHard();
    await up.ended;
    await expectNoPluginLeft(project);
    expect(await project.pendingOperations()).toMatchObject([{ type: "creating" }]);

    // What the user has to do: say that nobody else works on the stack, and run it again.
    expect(await project.failingUp()).toContain("delete the lock file with `pulumi cancel`");
    await project.succeed(["cancel", "--yes"]);
    await project.write(programOf("none"));
    await expectConverges(project);
    expect(await project.effectsOn("it")).toEqual(["create", "adopt"]);

    // Until somebody says that there is nothing behind it, the engine remembers the creation that broke off.
    expect(await project.pendingOperations()).toMatchObject([{ type: "creating" }]);
    expect(await project.up()).toContain("::it, interrupted while creating");
    await project.succeed(["refresh", "--yes", "--skip-preview", "--clear-pending-creates"]);
    expect(await project.pendingOperations()).toEqual([]);
    await project.expectSettled();
  });
});
