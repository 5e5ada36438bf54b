import { openLocal } from "../../../provider/appliance/local/local.ts";
import { thisProcess } from "../../../provider/appliance/local/process-identity.ts";

// A process of its own that writes to an appliance: `node writer.ts <folder> <name> <how many>`. It opens the appliance,
// starts a run, and says the name of every machine whose outcome was recorded, and then `done`.
const [folder = "", name = "", count = ""] = process.argv.slice(2);
const appliance = await openLocal({ folder, lockWaitMs: 120_000 });
await appliance.saveConfiguration({ id: name, name, description: { targets: name } });
const { runId } = await appliance.startRun({
  configurationId: name,
  kind: "up",
  holder: name,
  leaseSeconds: 3_600,
  process: thisProcess(),
});
for (let number = 0; number < Number(count); number++) {
  const machine = `${name}-${number}`;
  await appliance.recordOutcomes({
    runId,
    outcomes: [
      {
        machine,
        target: machine,
        action: "install",
        class: "succeeded",
        code: "installed",
        message: "installed",
        durationMs: number,
        log: `${machine} `.repeat(200),
      },
    ],
  });
  process.stdout.write(`${machine}\n`);
}
process.stdout.write("done\n");
await appliance.close();
