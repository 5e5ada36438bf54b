import { createHash } from "node:crypto";
import type { Input } from "../../provider/appliance/appliance.ts";
import { ApplianceError, type ApplianceErrorCode } from "../../provider/appliance/errors.ts";

/** What an appliance refuses with; anything else fails the test. */
export async function refusal(work: Promise<unknown>): Promise<{ code: ApplianceErrorCode; message: string }> {
  const thrown = await work.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (!(thrown instanceof ApplianceError)) throw new Error(`expected a refusal, got ${String(thrown)}`);
  return { code: thrown.code, message: thrown.message };
}

/** Which properties of an input an appliance refuses, as `filter.all.0.value`. */
export async function refusedProperties(work: Promise<unknown>): Promise<readonly string[]> {
  const thrown = await work.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (!(thrown instanceof ApplianceError)) throw new Error(`expected a refusal, got ${String(thrown)}`);
  return (thrown.problems ?? []).map(({ path }) => path.join("."));
}

/** The KUID of the device of a number. */
export function kuidOf(number: number): string {
  return `00000000-0000-4000-8000-${String(number).padStart(12, "0")}`;
}

/** What the device of a number says when it enrols: always the same, but for what is changed. */
export function device(number: number, more: Partial<Input<"enrolDevice">> = {}): Input<"enrolDevice"> {
  return {
    kuid: kuidOf(number),
    publicKey: createHash("sha256").update(`key ${number}`).digest("base64url"),
    hostname: `web${number}.corp.example`,
    agentVersion: "1.4.2",
    flavour: "reference",
    os: { platform: "linux", id: "debian", version: "12", name: "Debian GNU/Linux 12", architecture: "amd64" },
    machineId: "",
    addresses: [`10.0.0.${number}`],
    macs: ["02:00:00:00:00:01"],
    ...more,
  };
}
