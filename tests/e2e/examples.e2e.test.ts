import { createHash, generateKeyPairSync } from "node:crypto";
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { packKbin } from "../../provider/appliance/kbin/pack.ts";
import { provider as kace } from "../../provider/kace.ts";
import type { Example } from "../../provider/kit/define/call.ts";
import type { PackageInfo } from "../../provider/kit/define/provider.ts";
import { schemaOf } from "../../provider/kit/pulumi/schema.ts";
import { generateSdks } from "../../tools/generate/generate.ts";
import { run, runOrThrow } from "../../tools/process/run.ts";
import { hermeticEnvironment } from "../../tools/pulumi-cli/environment.ts";
import { pythonEnvironment } from "../../tools/python/obtain.ts";
import { provider as fixture } from "../fixture/provider.ts";
import { pulumiCli } from "./cli.ts";

/** Each program starts an interpreter that loads the SDK anew, and a machine may be busy. */
const SLOW_MS = 600_000;

const at = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url));

/** An agent's package as the examples name it, empty, so that its checksum is the one they show. */
const PACKAGE = "ampagent-14.1.19.ubuntu.64.deb";
/** The one in the archive that an example loads. */
const ARCHIVED = "ampagent-14.1.20.ubuntu.64.deb";

/** Puts the packages that examples load into a folder. */
async function writePackages(project: string): Promise<void> {
  const packages = join(project, "packages");
  const sha256 = createHash("sha256").update("").digest("hex");
  await mkdir(packages);
  await writeFile(join(packages, PACKAGE), "");
  await writeFile(join(packages, "SHA256SUMS"), `${sha256}  ${PACKAGE}\n`);
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  const archived = join(project, ARCHIVED);
  await writeFile(archived, "a package");
  await packKbin([archived], join(project, "agents.kbin"), privateKey);
  await writeFile(join(project, "key.pub"), publicKey.export({ type: "spki", format: "pem" }));
}

/** What this file reads of a provider: who shows examples. */
interface Shown {
  readonly info: PackageInfo;
  readonly resources: ReadonlyMap<string, { readonly descriptor: { readonly examples: readonly Example[] } }>;
  readonly components: ReadonlyMap<string, { readonly descriptor: { readonly examples: readonly Example[] } }>;
  readonly functions: ReadonlyMap<string, { readonly descriptor: { readonly examples: readonly Example[] } }>;
}

function examplesOf({ resources, components, functions }: Shown) {
  return [...resources, ...components, ...functions].flatMap(([token, { descriptor }]) =>
    descriptor.examples.map((example, index) => ({
      title: `${token}: ${example.title}`,
      file: `${token.split(":")[2]}${index}`,
      example,
    })),
  );
}

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "examples-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe.each([
  { name: "kace", provider: kace, schema: schemaOf(kace), bin: at("bin"), config: [], environment: {}, packages: true },
  {
    name: "fixture",
    provider: fixture,
    schema: schemaOf(fixture),
    bin: at("tests/fixture/bin"),
    config: ["fixture:owner=examples"],
    environment: { FIXTURE_BACKEND: join(tmpdir(), "no-such-folder") },
    packages: false,
  },
])("the examples of $name", ({ name, provider, schema, bin, config, environment, packages }) => {
  const examples = examplesOf(provider);
  const { sdks } = provider.info;
  let sdk = "";

  beforeAll(async () => {
    expect(examples.length, `examples of ${name}`).toBeGreaterThan(0);
    sdk = join(folder, name);
    for (const [path, content] of await generateSdks(JSON.stringify(schema), () => {})) {
      await mkdir(join(sdk, path, ".."), { recursive: true });
      await writeFile(join(sdk, path), content);
    }
  });

  test.each(examples)("run in YAML: $title", async ({ file, example }) => {
    const project = join(folder, `${name}-${file}`);
    const backend = join(project, "state");
    await mkdir(backend, { recursive: true });
    await writeFile(
      join(project, "Pulumi.yaml"),
      `${example.yaml}\nplugins:\n  providers:\n    - name: ${name}\n      path: ${bin}\n`,
    );
    const { command } = await pulumiCli();
    if (packages) await writePackages(project);
    const env = {
      ...hermeticEnvironment({ command, home: join(project, "home"), backend }),
      KACE_DATABASE: join(project, "appliance"),
      ...environment,
    };
    const pulumi = (...args: readonly string[]) =>
      run({ program: command, args: [...args, "--non-interactive"], cwd: project, env });
    expect(await pulumi("stack", "init", "dev")).toMatchObject({ exitCode: 0 });
    for (const setting of config) {
      const [key = "", value = ""] = setting.split("=");
      expect(await pulumi("config", "set", key, value)).toMatchObject({ exitCode: 0 });
    }
    const previewed = await pulumi("preview");
    expect(previewed.exitCode, previewed.output).toBe(0);
    // What is only previewed names objects that are not there, or a machine to log in to.
    if (!packages || example.yaml.includes("kace:SingleMachineProvisioning")) return;
    const { exitCode, output } = await pulumi("up", "--yes", "--skip-preview");
    expect(exitCode, output).toBe(0);
    const destroyed = await pulumi("destroy", "--yes", "--skip-preview");
    expect(destroyed.exitCode, destroyed.output).toBe(0);
  });

  test("compile in TypeScript", { timeout: SLOW_MS }, async () => {
    const project = join(folder, `${name}-typescript`);
    await mkdir(project);
    await symlink(at("node_modules"), join(sdk, "nodejs", "node_modules"));
    await symlink(at("node_modules"), join(project, "node_modules"));
    for (const { file, example } of examples) await writeFile(join(project, `${file}.ts`), example.typescript);
    const compilerOptions = {
      target: "es2022",
      module: "commonjs",
      moduleResolution: "node10",
      ignoreDeprecations: "6.0",
      strict: true,
      noEmit: true,
      skipLibCheck: true,
      types: ["node"],
      paths: { [sdks?.nodejs ?? `@pulumi/${name}`]: [join(sdk, "nodejs")] },
    };
    await writeFile(join(project, "tsconfig.json"), JSON.stringify({ compilerOptions, include: ["*.ts"] }));
    await runOrThrow({
      program: process.execPath,
      args: [at("node_modules/typescript/bin/tsc"), "--project", project],
    });
  });

  test("run in Python", { timeout: SLOW_MS }, async () => {
    const python = await pythonEnvironment(
      "sdk",
      await readFile(at("tools/python/requirements.txt"), "utf8"),
      () => {},
    );
    const project = join(folder, `${name}-python`);
    const installed = join(project, "installed");
    await cp(join(sdk, "python"), join(project, "sdk"), { recursive: true });
    const install = [
      "-m",
      "pip",
      "install",
      "--quiet",
      "--no-deps",
      "--no-build-isolation",
      "--target",
      installed,
      join(project, "sdk"),
    ];
    await runOrThrow({ program: python, args: install });
    if (packages) await writePackages(project);
    for (const { file, example } of examples) {
      await writeFile(join(project, `${file}.py`), example.python);
      const args = [at("tests/e2e/run_with_mocks.py"), join(project, `${file}.py`)];
      await runOrThrow({ program: python, args, cwd: project, env: { ...process.env, PYTHONPATH: installed } });
    }
  });
});
