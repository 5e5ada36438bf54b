import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openLocal } from "../../../provider/appliance/local/local.ts";
import { applianceContract, START } from "../contract.ts";

applianceContract("a local appliance", async () => {
  const parent = await mkdtemp(join(tmpdir(), "kace-appliance-"));
  let [now, load] = [START, 0.5];
  const appliance = await openLocal({ folder: join(parent, "appliance"), now: () => now, loadAverage: () => load });
  return {
    appliance,
    advance: (ms) => {
      now += ms;
    },
    setLoad: (next) => {
      load = next;
    },
    async dispose() {
      await appliance.close();
      await rm(parent, { recursive: true, force: true });
    },
  };
});
