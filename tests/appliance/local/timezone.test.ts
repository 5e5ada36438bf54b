import { expect, test, vi } from "vitest";
import { newFolder, openedIn } from "./folders.ts";

const description = { targets: "10.0.0.1-9", inputs: JSON.stringify({ name: "berlin", enabled: true }) };
const saved = { id: "config-1", urn: "urn:berlin", name: "berlin" };

test("what is known of time zones is left alone until something has a time of day", async () => {
  const asked = vi.spyOn(Intl, "DateTimeFormat");
  const appliance = await openedIn(newFolder());
  await appliance.saveConfiguration({ ...saved, description });
  expect(await appliance.getConfiguration({ id: saved.id })).not.toHaveProperty("timezone");
  expect(asked).not.toHaveBeenCalled();
  asked.mockRestore();

  const schedule = { every: "day", at: "02:30" } as const;
  await appliance.saveConfiguration({ ...saved, description: { ...description, schedule }, runInputs: "{}" });
  expect(await appliance.getConfiguration({ id: saved.id })).toMatchObject({
    timezone: new Intl.DateTimeFormat().resolvedOptions().timeZone,
    nextRun: expect.any(String),
  });
});
