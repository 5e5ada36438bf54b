import { flushCompileCache } from "node:module";
import { provider } from "./kace.ts";
import { serve } from "./kit/pulumi/serve.ts";

// Node cuts small buffers out of slabs, and any of them that is kept keeps its whole slab: an SSH connection has a few.
// A slab of 64 KiB, as newer Nodes have, holds many megabytes that way when hundreds of connections follow each other.
Buffer.poolSize = 8 * 1024;

await serve(provider, { builtins: ["node:sqlite"] });

// A rollout makes garbage all the time: from here on it is collected before more memory is asked for. And code is made
// faster by one compiler of V8 instead of two: the other one takes up to 15 MB while it works, and a plugin does not live
// long enough to gain by it. Said on the command line, this would cost a third of every start, because V8 takes compiled
// code only under the settings that it was compiled under, and that which Node brings of its own modules was compiled
// under none. What was compiled of ours until here is kept for the next start before, for the same reason.
flushCompileCache();
const { setFlagsFromString } = await import("node:v8");
for (const flag of ["--optimize-for-size", "--no-maglev"]) setFlagsFromString(flag);
