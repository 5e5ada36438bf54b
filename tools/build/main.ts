// `npm run build`: makes the plugin that is shipped, in dist/ or in the folder that is named.
import { resolve } from "node:path";
import { readArguments } from "../process/usage.ts";
import { bundle } from "./bundle.ts";

const USAGE = `npm run build                   makes the plugin and the command kace, in dist/
npm run build -- <folder>       the same, in another folder`;

const [named = "dist"] = readArguments(USAGE, { allowPositionals: true }).positionals;
const folder = resolve(named);
// What is built does not check its descriptors at each start any more: they are checked here, with a DescriptorError.
delete process.env.NODE_ENV;
await import("../../provider/kace.ts");
await bundle(folder);
process.stdout.write(
  `the plugin is in ${folder}: use it by \`plugins.providers: [{ name: kace, path: ${folder} }]\`\n`,
);
