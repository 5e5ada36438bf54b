// `npm run build`: makes the plugin that is shipped, in dist/ or in the folder that is named.
import { resolve } from "node:path";
import { bundle } from "./bundle.ts";

const folder = resolve(process.argv[2] ?? "dist");
await bundle(folder);
process.stdout.write(
  `the plugin is in ${folder}: use it by \`plugins.providers: [{ name: kace, path: ${folder} }]\`\n`,
);
