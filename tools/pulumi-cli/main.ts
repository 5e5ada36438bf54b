// `npm run pulumi`: gets the real Pulumi CLI if need be and prints where it is.
import { readArguments } from "../process/usage.ts";
import { obtainPulumi } from "./obtain.ts";

readArguments(
  "npm run pulumi    gets the Pulumi CLI, built from its Go modules where there is none, and prints where it is",
  {},
);
const pulumi = await obtainPulumi();
process.stdout.write(`${pulumi.command}\nversion ${pulumi.version}, from ${pulumi.origin}\n`);
