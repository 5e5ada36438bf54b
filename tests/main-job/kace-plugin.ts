import { fileURLToPath } from "node:url";
import type { PluginUnderTest } from "../e2e/project.ts";

/** The provider with a local appliance in the project's own world, which needs no host of a lab. */
export const KACE: PluginUnderTest = {
  name: "kace",
  path: fileURLToPath(new URL("../../bin", import.meta.url)),
  config: {},
  environment: (world) => ({ KACE_DATABASE: world, CI: "" }),
};
