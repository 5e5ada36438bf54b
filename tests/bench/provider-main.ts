import { serve } from "../../provider/kit/pulumi/serve.ts";
import { provider } from "./provider.ts";

await serve(provider);
