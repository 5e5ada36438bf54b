import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import * as z from "zod";

const repository = join(import.meta.dirname, "..", "..");
const configFile = join(repository, ".dependency-cruiser.cjs");
const rules = z
  .object({ forbidden: z.array(z.object({ name: z.string() })) })
  .parse(createRequire(import.meta.url)(configFile)).forbidden;

const report = z.object({
  summary: z.object({
    totalCruised: z.number(),
    violations: z.array(z.object({ from: z.string(), to: z.string(), rule: z.object({ name: z.string() }) })),
  }),
});

/** An import that a rule must refuse: the file that has it, what it imports, and what that is called in the report. */
type Break = { readonly rule: string; readonly from: string; readonly to: string; readonly how?: "type" };

const wire = ["@grpc/grpc-js", "google-protobuf", "@pulumi/pulumi"];
const breaks: readonly Break[] = [
  { rule: "door-of-machines", from: "provider/machines/a.ts", to: "provider/agent/quest.ts" },
  { rule: "door-of-machines", from: "provider/machines/b.ts", to: "provider/kit/define/path.ts" },
  { rule: "door-of-agent", from: "provider/agent/a.ts", to: "provider/appliance/local.ts" },
  { rule: "door-of-agent", from: "provider/agent/b.ts", to: "provider/rollout/plan.ts" },
  {
    rule: "door-of-appliance",
    from: "provider/appliance/a.ts",
    to: "provider/rollout/plan.ts",
  },
  {
    rule: "door-of-rollout",
    from: "provider/rollout/a.ts",
    to: "provider/resources/token.ts",
  },
  {
    rule: "door-of-functions",
    from: "provider/functions/a.ts",
    to: "provider/resources/token.ts",
  },
  {
    rule: "door-of-resources",
    from: "provider/resources/a.ts",
    to: "provider/kit/pulumi/server.ts",
  },
  {
    rule: "door-of-components",
    from: "provider/components/a.ts",
    to: "provider/kace.ts",
  },
  {
    rule: "door-of-cli",
    from: "provider/cli/a.ts",
    to: "provider/resources/token.ts",
  },
  {
    rule: "door-of-kit-define",
    from: "provider/kit/define/a.ts",
    to: "provider/kit/pulumi/server.ts",
    how: "type",
  },
  { rule: "door-of-kit", from: "provider/kit/pulumi/a.ts", to: "provider/resources/token.ts" },
  {
    rule: "door-of-configuration",
    from: "provider/configuration.ts",
    to: "provider/rollout/plan.ts",
  },
  {
    rule: "door-of-kace",
    from: "provider/kace.ts",
    to: "provider/machines/ssh.ts",
  },
  { rule: "door-of-main", from: "provider/main.ts", to: "provider/resources/token.ts" },
  ...wire.map((to) => ({
    rule: "descriptors-know-no-wire",
    from: `provider/kit/define/${to.replaceAll("/", "-")}.ts`,
    to,
  })),
  ...wire.map((to) => ({
    rule: "descriptors-know-no-wire",
    from: `provider/kit/define/${to.replaceAll("/", "-")}-type.ts`,
    to,
    how: "type" as const,
  })),
  { rule: "pulumi-runtime-is-lazy", from: "provider/components/b.ts", to: "@pulumi/pulumi" },
  { rule: "provider-stands-alone", from: "provider/rollout/b.ts", to: "tests/rig.ts" },
  { rule: "provider-stands-alone", from: "provider/rollout/c.ts", to: "tools/release.ts" },
  { rule: "provider-needs-no-dev-dependency", from: "provider/rollout/d.ts", to: "vitest" },
  { rule: "no-undeclared-package", from: "tools/release.ts", to: "undeclared" },
  { rule: "no-unresolvable", from: "tests/rig.ts", to: "./gone.ts" },
  { rule: "no-cycle", from: "tests/egg.ts", to: "tests/hen.ts" },
];

/** Imports that the doors are there to let through. */
const allowed: readonly Omit<Break, "rule">[] = [
  { from: "provider/main.ts", to: "provider/kace.ts" },
  { from: "provider/kace.ts", to: "provider/configuration.ts" },
  { from: "provider/configuration.ts", to: "provider/appliance/local.ts" },
  { from: "provider/kace.ts", to: "provider/resources/token.ts" },
  { from: "provider/resources/token.ts", to: "provider/rollout/plan.ts" },
  { from: "provider/resources/token.ts", to: "provider/kit/define/path.ts" },
  { from: "provider/rollout/plan.ts", to: "provider/appliance/local.ts" },
  { from: "provider/appliance/local.ts", to: "provider/agent/quest.ts" },
  { from: "provider/agent/quest.ts", to: "provider/machines/ssh.ts" },
  { from: "provider/kit/pulumi/server.ts", to: "provider/kit/define/path.ts" },
  { from: "provider/kit/pulumi/server.ts", to: "@grpc/grpc-js" },
  { from: "provider/kit/pulumi/server.ts", to: "@pulumi/pulumi", how: "type" },
  { from: "tests/hatch.ts", to: "provider/kace.ts" },
];

describe("the doors between the rooms", () => {
  const open = cruise(allowed);
  const broken = cruise([...allowed, ...breaks, { from: "tests/hen.ts", to: "tests/egg.ts" }]);

  beforeAll(() => {
    open.run();
    broken.run();
  }, 60_000);
  afterAll(() => {
    open.remove();
    broken.remove();
  });

  test("let through what the design allows", () => {
    expect(open.violations).toEqual([]);
    expect(open.files).toBeGreaterThan(new Set(allowed.map((edge) => edge.from)).size);
  });

  test.each(breaks)("$rule stops $from from importing $to", ({ rule, from, to }) => {
    const found = broken.violations.filter((violation) => violation.rule === rule && violation.from === from);
    expect(found.map((violation) => violation.to).join()).toContain(to.replace("./", ""));
  });

  test("are each proved by an import that breaks them", () => {
    const proved = new Set(breaks.map((edge) => edge.rule));
    expect(rules.map((rule) => rule.name).filter((name) => !proved.has(name))).toEqual([]);
  });
});

/** A small tree of files with these imports, and what dependency-cruiser says of it under the repository's rules. */
function cruise(edges: readonly Omit<Break, "rule">[]) {
  const root = mkdtempSync(join(tmpdir(), "kace-doors-"));
  const result = {
    violations: [] as { rule: string; from: string; to: string }[],
    files: 0,
    run(): void {
      plant(root, edges);
      const program = join(repository, "node_modules", ".bin", "depcruise");
      const folders = ["provider", "tests", "tools"].filter((folder) =>
        edges.some((edge) => edge.from.startsWith(folder)),
      );
      const args = [program, "--config", configFile, "--output-type", "json", ...folders];
      const summary = report.parse(JSON.parse(outputOf(args, root))).summary;
      result.files = summary.totalCruised;
      result.violations = summary.violations.map(({ rule, from, to }) => ({ rule: rule.name, from, to }));
    },
    remove: () => rmSync(root, { recursive: true, force: true }),
  };
  return result;
}

function outputOf(args: readonly string[], cwd: string): string {
  return execFileSync(process.execPath, args, { cwd, encoding: "utf8", maxBuffer: 64 * 1024 * 1024 });
}

function plant(root: string, edges: readonly Omit<Break, "rule">[]): void {
  const files = new Map<string, string[]>();
  for (const { from, to, how } of edges) {
    if (/^(provider|tests|tools)\//.test(to)) files.set(to, files.get(to) ?? []);
    const target = /^(provider|tests|tools)\//.test(to) ? `./${relative(dirname(from), to)}` : to;
    const statement = how === "type" ? `import type { it } from "${target}";` : `import "${target}";`;
    files.set(from, [...(files.get(from) ?? []), statement]);
  }
  const write = (path: string, text: string): void => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  };
  for (const [path, lines] of files) write(path, [...lines, "export type it = string;", ""].join("\n"));
  write("tsconfig.json", JSON.stringify({ compilerOptions: { module: "nodenext", allowImportingTsExtensions: true } }));
  write(
    "package.json",
    JSON.stringify({
      type: "module",
      dependencies: Object.fromEntries(wire.map((name) => [name, "1.0.0"])),
      devDependencies: { vitest: "1.0.0" },
    }),
  );
  for (const name of [...wire, "vitest", "undeclared"]) {
    write(`node_modules/${name}/package.json`, JSON.stringify({ name, version: "1.0.0", main: "index.js" }));
    write(`node_modules/${name}/index.js`, "exports.it = 1;\n");
  }
}
