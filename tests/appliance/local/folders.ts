import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { ApplianceError } from "../../../provider/appliance/errors.ts";
import { type LocalAppliance, type LocalOptions, openLocal } from "../../../provider/appliance/local/local.ts";

/** A folder that does not exist yet, and is gone after the test. */
export function newFolder(): string {
  const parent = mkdtempSync(join(tmpdir(), "kace-appliance-"));
  onTestFinished(() => rmSync(parent, { recursive: true, force: true }));
  return join(parent, "appliance");
}

/** Opens an appliance that is closed after the test. */
export async function openedIn(folder: string, options: Partial<LocalOptions> = {}): Promise<LocalAppliance> {
  const appliance = await openLocal({ folder, ...options });
  onTestFinished(() => appliance.close());
  return appliance;
}

/** Every file of a folder with its size, permissions, time of change and content; undefined where there is no folder. */
export function listing(folder: string): Record<string, string> | undefined {
  if (!existsSync(folder)) return undefined;
  const entries = readdirSync(folder, { recursive: true, encoding: "utf8" }).sort();
  return Object.fromEntries(
    [".", ...entries].map((name) => {
      const path = join(folder, name);
      const stat = statSync(path, { bigint: true });
      const content = stat.isDirectory() ? "" : createHash("sha256").update(readFileSync(path)).digest("hex");
      return [name, `${stat.mode} ${stat.size} ${stat.mtimeNs} ${stat.ino} ${content}`];
    }),
  );
}

/** The error that an appliance refuses with; anything else fails the test. */
export async function refusal(work: Promise<unknown>): Promise<ApplianceError> {
  const thrown = await work.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (!(thrown instanceof ApplianceError)) throw new Error(`expected a refusal, got ${String(thrown)}`);
  return thrown;
}
