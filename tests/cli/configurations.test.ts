import { expect, it } from "vitest";
import { newFolder, openedIn } from "../appliance/local/folders.ts";
import { kaceIn } from "./local-kace.ts";

it("gives what a configuration's program said as JSON, not as text within JSON", async () => {
  const folder = newFolder();
  const inputs = { name: "fleet", targets: { ips: ["10.0.0.7"] }, enabled: true };
  const appliance = await openedIn(folder);
  const save = (name: string, text?: string) =>
    appliance.saveConfiguration({ id: name, name, description: { targets: "10.0.0.7", inputs: text } });
  await save("bare");
  await save("fleet", JSON.stringify(inputs));
  await save("plain", "no JSON");
  await appliance.close();

  const shown = await kaceIn(folder, "--json", "config", "show", "fleet");
  expect(JSON.parse(shown.out)).toMatchObject({ name: "fleet", description: { targets: "10.0.0.7", inputs } });
  const listed: { name: string; description: { inputs?: unknown } }[] = JSON.parse(
    (await kaceIn(folder, "--json", "config", "list")).out,
  );
  expect(listed.map(({ name, description }) => [name, description.inputs])).toEqual([
    ["bare", undefined],
    ["fleet", inputs],
    ["plain", "no JSON"],
  ]);
});
