import { provider } from "./kace.ts";
import { serve } from "./kit/pulumi/serve.ts";

// Node cuts small buffers out of slabs, and any of them that is kept keeps its whole slab: an SSH connection has a few.
// A slab of 64 KiB, as newer Nodes have, holds many megabytes that way when hundreds of connections follow each other.
Buffer.poolSize = 8 * 1024;

await serve(provider, { builtins: ["node:sqlite"] });
