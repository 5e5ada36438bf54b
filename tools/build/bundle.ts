import { chmod, copyFile, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { build, type Plugin } from "esbuild";
import packageJson from "../../package.json" with { type: "json" };

const REPOSITORY = join(import.meta.dirname, "..", "..");
const RUNTIME = "@pulumi/pulumi";

/** What a folder made by {@link bundle} holds beside the bundle, copied as it is. */
const PLUGIN_FILES = ["pulumi-resource-kace", "pulumi-resource-kace.cmd", "kace", "start.cjs"] as const;

/** The folder of the programs inside the one that is shipped: `start.cjs` starts what is in it. */
export const PROGRAMS = "lib";

/**
 * Makes the plugin that is shipped: a folder with the executable `pulumi-resource-kace`, the programs with all they
 * import, and a package.json for the one package that stays outside, Pulumi's runtime, which only components load.
 *
 * @param folder is emptied first.
 * @param program what is bundled as the provider; benches bundle other ones in the same way, to compare like with like.
 * @example await bundle("dist");
 */
export async function bundle(folder: string, program = "provider/main.ts"): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  const programs = join(folder, PROGRAMS);
  await bundleProgram(program, programs, "provider");
  await bundleProgram("provider/cli/main.ts", programs, "kace");
  await bundleProgram("provider/appliance/local/inventory-thread.ts", programs, "inventory-thread");
  for (const file of PLUGIN_FILES) await copyFile(join(import.meta.dirname, "plugin", file), join(folder, file));
  for (const file of ["pulumi-resource-kace", "kace"]) await chmod(join(folder, file), 0o755);
  await copyFile(join(REPOSITORY, "LICENSE"), join(folder, "LICENSE"));
  await writeFile(join(folder, "package.json"), `${JSON.stringify(manifest(), null, 2)}\n`);
}

/**
 * Puts a program and all it imports into one file, but for what it imports later, when it is needed: that is in files
 * of its own, whose names begin with the program's. A start reads and evaluates nothing else.
 */
export async function bundleProgram(program: string, folder: string, name: string): Promise<void> {
  await build({
    absWorkingDir: REPOSITORY,
    entryPoints: [program],
    outdir: folder,
    entryNames: name,
    chunkNames: `${name}-[name]-[hash]`,
    outExtension: { ".js": ".mjs" },
    bundle: true,
    splitting: true,
    platform: "node",
    format: "esm",
    target: `node${minimumNode()}`,
    minifyWhitespace: true,
    minifySyntax: true,
    // What is built was checked when it was built, above all its descriptors: no start does it again.
    define: { "process.env.NODE_ENV": '"production"' },
    legalComments: "linked",
    logLevel: "warning",
    plugins: [runtimeOutside, scriptsInside],
    // Optional native parts of ssh2, which does without them.
    external: ["cpu-features", "*.node"],
    // The CommonJS packages inside ask for Node's own modules by `require`, which an ES module does not have.
    banner: {
      js: 'import{createRequire as requireFrom}from"node:module";const require=requireFrom(import.meta.url);const __dirname=import.meta.dirname;',
    },
  });
}

/** `22.18`: the `engines` of package.json is the one place that says it. */
export function minimumNode(): string {
  return packageJson.engines.node.replace(">=", "");
}

function manifest(): object {
  const { name, version, license, engines, dependencies } = packageJson;
  return { name, version, private: true, license, engines, dependencies: { [RUNTIME]: dependencies[RUNTIME] } };
}

/** The protobuf modules of Pulumi's package go into the bundle; its runtime, which is most of it, does not. */
const runtimeOutside: Plugin = {
  name: "pulumi-runtime-outside",
  setup(builder) {
    builder.onResolve({ filter: /^@pulumi\/pulumi(\/|$)/ }, ({ path }) =>
      path.startsWith(`${RUNTIME}/proto/`) ? undefined : { path, external: true },
    );
  },
};

/** How a room reads its shell text: the folder beside the module, and the file's name. */
const READS_TEXT = /readFileSync\(new URL\(`\.\/(?<folder>[a-z/]*)\$\{name\}`, import\.meta\.url\), "utf8"\)/;

/** Shell text goes into the bundle: what a room reads beside its module is there as a table of texts. */
const scriptsInside: Plugin = {
  name: "scripts-inside",
  setup(builder) {
    builder.onLoad(
      { filter: /\/provider\/(?:agent|machines\/posix|cli\/completion)\/scripts\.ts$/ },
      async ({ path }) => {
        const source = await readFile(path, "utf8");
        const folder = READS_TEXT.exec(source)?.groups?.folder;
        if (folder === undefined)
          return { errors: [{ text: `${path} reads its scripts in a way that cannot be bundled` }] };
        const place = join(dirname(path), folder);
        const files = (await readdir(place)).filter((file) => file.endsWith(".sh"));
        const texts = await Promise.all(files.map(async (file) => [file, await readFile(join(place, file), "utf8")]));
        const table = JSON.stringify(Object.fromEntries(texts));
        return { contents: source.replace(READS_TEXT, () => `(${table})[name] ?? ""`), loader: "ts" };
      },
    );
  },
};
