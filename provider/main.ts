import { provider } from "./kace.ts";
import { serve } from "./kit/pulumi/serve.ts";

await serve(provider, { builtins: ["node:sqlite"] });
