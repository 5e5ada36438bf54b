import { join } from "node:path";
import { openLocal } from "../../../provider/appliance/local/local.ts";
import { checkForUpdates } from "../../../provider/appliance/update-source/check.ts";

// A check in a process of its own, which a test may kill.
const [folder = ""] = process.argv.slice(2);
const appliance = await openLocal({ folder });
await checkForUpdates(appliance, {
  folder: join(folder, "updates"),
  now: Date.now,
  signal: new AbortController().signal,
});
await appliance.close();
