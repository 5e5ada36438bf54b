import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { provider as kace } from "../../provider/kace.ts";
import { schemaOf } from "../../provider/kit/pulumi/schema.ts";
import { generateSdks } from "../../tools/generate/generate.ts";
import { run } from "../../tools/process/run.ts";
import { hermeticEnvironment } from "../../tools/pulumi-cli/environment.ts";
import { compileSdk, LANGUAGES } from "../../tools/sdks/compile.ts";
import { provider as fixture } from "../fixture/provider.ts";
import { pulumiCli } from "./cli.ts";

const at = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url));
const silent = () => {};

const providers = [
  { name: "kace", schema: schemaOf(kace), plugin: at("bin/pulumi-resource-kace") },
  { name: "fixture", schema: schemaOf(fixture), plugin: at("tests/fixture/bin/pulumi-resource-fixture") },
] as const;

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "schema-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function pulumi(...args: readonly string[]) {
  const { command } = await pulumiCli();
  return run({
    program: command,
    args,
    env: hermeticEnvironment({ command, home: join(folder, "home"), backend: folder }),
  });
}

describe.each(providers)("the schema of $name", ({ name, schema, plugin }) => {
  test("is clean for `pulumi schema check`", async () => {
    const file = join(folder, `${name}.json`);
    await writeFile(file, JSON.stringify(schema));
    const { exitCode, output } = await pulumi("schema", "check", file);
    expect({ exitCode, problems: output.split("\n").filter((line) => /warning|error/i.test(line)) }).toEqual({
      exitCode: 0,
      problems: [],
    });
  });

  test("is what `pulumi package get-schema` gets from the plugin", async () => {
    const { exitCode, stdout, output } = await pulumi("package", "get-schema", plugin);
    expect(exitCode, output).toBe(0);
    // The CLI writes an absent configuration as an empty one.
    expect(JSON.parse(stdout)).toEqual({ config: {}, ...JSON.parse(JSON.stringify(schema)) });
  });

  test("describes every property, type, resource and function", () => {
    expect(undescribed(JSON.parse(JSON.stringify(schema)))).toEqual([]);
  });
});

/** The places of a schema that have no description. */
function undescribed(schema: { readonly [section: string]: unknown }): string[] {
  const found: string[] = [];
  const walk = (value: unknown, path: string) => {
    if (typeof value !== "object" || value === null) return;
    for (const [key, part] of Object.entries(value)) {
      const place = `${path}/${key}`;
      const isProperty = /\/(properties|inputProperties|variables)$/.test(path) && key !== "__self__";
      const isItem = /^\/(types|resources|functions)$/.test(path);
      if ((isProperty || isItem) && !(typeof part === "object" && part !== null && "description" in part))
        found.push(place);
      walk(part, place);
    }
  };
  for (const section of ["config", "provider", "types", "resources", "functions"]) walk(schema[section], `/${section}`);
  return found;
}

test("a committed schema is that of the provider", async () => {
  expect(JSON.parse(await readFile(at("schema/schema.json"), "utf8"))).toEqual(
    JSON.parse(JSON.stringify(schemaOf(kace))),
  );
});

describe("SDKs made from a schema that uses every feature compile:", () => {
  beforeAll(async () => {
    for (const [path, content] of await generateSdks(JSON.stringify(schemaOf(fixture)), silent)) {
      await mkdir(dirname(join(folder, "sdk", path)), { recursive: true });
      await writeFile(join(folder, "sdk", path), content);
    }
  });

  test.each(LANGUAGES)("%s", async (language) => {
    await compileSdk(language, join(folder, "sdk"), silent);
  });
});
