import { fileURLToPath } from "node:url";
import { describeConformance } from "./conformance.ts";

describeConformance({
  name: "kace",
  command: [process.execPath, fileURLToPath(new URL("../../provider/main.ts", import.meta.url))],
  env: {},
  // It has functions so far and no resource.
  without: [..."bcefghijk"],
});
