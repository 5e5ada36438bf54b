import { setTimeout as pause } from "node:timers/promises";
import type { Appliance } from "../../appliance/appliance.ts";
import type { LocalAppliance } from "../../appliance/local/local.ts";
import type { ListedConfiguration } from "../../appliance/operations/configurations.ts";
import { runStored } from "../../resources/provisioning/stored-run.ts";
import { CommandError, type CommandSession, type ExitCode } from "../session.ts";
import { configurationOf } from "./configurations.ts";
import { listResults } from "./results.ts";

/** As long as `pulumi up` waits for another run of the same configuration. */
const PATIENCE_MS = 300_000;
const ASK_EVERY_MS = 1_000;

/**
 * Runs a configuration with a schedule now: here where the appliance is a folder of this machine, else at its server.
 * Exit code 3 if a machine is not right after it.
 */
export async function runConfiguration(session: CommandSession, nameOrId: string): Promise<ExitCode> {
  const found = await configurationOf(session, nameOrId);
  if (!found.description.enabled)
    throw new CommandError(`${found.name} is not enabled`, "set `enabled: true` in the program, and run `pulumi up`");
  await session.write((appliance) =>
    isHere(appliance) ? runHere(session, found, appliance) : runAtServer(session, found, appliance),
  );
  return listResults(session, { config: found.name });
}

/** What runs need is given by an appliance of this machine only. */
function isHere(appliance: Appliance): appliance is LocalAppliance {
  return "runInputs" in appliance;
}

async function runHere(session: CommandSession, { id }: ListedConfiguration, appliance: LocalAppliance): Promise<void> {
  const { terminal, signal } = session;
  const nothing = () => undefined;
  const end = await runStored({
    configurationId: id,
    runInputs: await appliance.runInputs(id),
    appliance,
    log: { debug: nothing, info: nothing, status: nothing, warn: terminal.err, error: terminal.err },
    signal,
    holder: "kace config run",
    patienceMs: PATIENCE_MS,
  });
  if (end.kind === "busy") throw new CommandError(end.message, "try again when that run has ended");
  terminal.err(end.summary);
  for (const reason of end.reasons) terminal.err(`  ${reason}`);
}

async function runAtServer({ terminal, signal }: CommandSession, { id }: ListedConfiguration, appliance: Appliance) {
  const { requestedAt } = await appliance.requestRun({ configurationId: id });
  terminal.err("the server runs it; Ctrl-C ends the waiting, not the run");
  for (;;) {
    await pause(ASK_EVERY_MS, undefined, { signal });
    const now = await appliance.getConfiguration({ id });
    if (now.requestedAt === requestedAt) continue;
    if (now.fault !== undefined && now.fault.at >= requestedAt) throw new CommandError(now.fault.message);
    return;
  }
}

/** Copies a configuration; the copy waits to be taken into a program. */
export async function duplicateConfiguration(
  session: CommandSession,
  nameOrId: string,
  name: string,
): Promise<ExitCode> {
  const { id } = await configurationOf(session, nameOrId);
  const copy = await session.write((appliance) => appliance.duplicateConfiguration({ id, name }));
  session.terminal.out(session.json ? JSON.stringify(copy, undefined, 2) : copy.id);
  session.terminal.err(
    `${copy.name} is not enabled; \`pulumi import kace:index:ProvisioningConfig <name> ${copy.id}\` takes it into a program`,
  );
  return 0;
}
