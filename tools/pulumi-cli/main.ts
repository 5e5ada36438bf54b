// `npm run pulumi`: gets the real Pulumi CLI if need be and prints where it is.
import { obtainPulumi } from "./obtain.ts";

const pulumi = await obtainPulumi();
process.stdout.write(`${pulumi.command}\nversion ${pulumi.version}, from ${pulumi.origin}\n`);
