import { Command, CommanderError, InvalidArgumentError, Option } from "commander";
import packageJson from "../../package.json" with { type: "json" };
import { ApplianceError } from "../appliance/errors.ts";
import { OUTCOME_CLASSES } from "../appliance/operations/outcome-classes.ts";
import { addAccessCommands } from "./access-commands.ts";
import { addAuthorityCommands } from "./authority-commands.ts";
import { addBundleCommands } from "./bundle-commands.ts";
import { addCheckCommand } from "./check-command.ts";
import { listDevices, removeDevices, setStates } from "./commands/devices.ts";
import type { DiagnoseArguments } from "./commands/diagnose.ts";
import { forgetHostKey, listHostKeys } from "./commands/host-keys.ts";
import { addQueueCommands } from "./commands/queue.ts";
import { listResults, type ResultFilter, showLog } from "./commands/results.ts";
import type { ServeArguments } from "./commands/serve.ts";
import { addSettingsCommands } from "./commands/settings.ts";
import { listTokens, listTokenUses } from "./commands/tokens.ts";
import { addCompletionCommands } from "./completion-commands.ts";
import { addConfigurationCommands } from "./configuration-commands.ts";
import { usageErrorOf } from "./input-faults.ts";
import { addInstallerCommand } from "./installer-command.ts";
import { addHistoryCommand, addLabelCommands, addQuarantineLists } from "./label-commands.ts";
import { LOG_FORMATS } from "./log-format.ts";
import { folderOfAppliance, type GlobalOptions, sessionOf } from "./open-session.ts";
import type { Terminal } from "./output.ts";
import type { AskSecret } from "./passphrase.ts";
import { addPolicyCommands } from "./policy-commands.ts";
import { serverNameFrom } from "./server-name.ts";
import { CommandError, type CommandSession, type ExitCode, UsageError } from "./session.ts";
import { addTaskCommands } from "./task-commands.ts";
import { addTransferCommands } from "./transfer-commands.ts";
import { refuseVersionOf } from "./version-option.ts";
import { addWatching, collecting, watch } from "./watch.ts";

/** The world a run of `kace` takes place in. */
export interface ProgramWorld {
  readonly terminal: Terminal;
  readonly environment: NodeJS.ProcessEnv;
  readonly signal: AbortSignal;
  /** Asks the person at the terminal; absent where nobody is there. */
  readonly askSecret?: AskSecret | undefined;
}

/**
 * Runs `kace` with these arguments (without the program's own name).
 *
 * @example process.exitCode = await runKace(["results"], world)
 */
export async function runKace(args: readonly string[], world: ProgramWorld): Promise<ExitCode> {
  const { terminal, signal } = world;
  let watching: { readonly json: boolean } | undefined;
  const first = collecting();
  // Before a command says anything it is known whether it is watched.
  const chosen = () => (watching === undefined ? terminal : first.terminal);
  const exitCode = await runOnce(
    args,
    { ...world, terminal: { out: (text) => chosen().out(text), err: (text) => chosen().err(text) } },
    (options) => {
      watching = options;
    },
  );
  if (watching === undefined) return exitCode;
  const frame = first.frame(exitCode);
  if (exitCode === 1 || exitCode === 2) {
    for (const text of frame.err) terminal.err(text);
    return exitCode;
  }
  const again = async () => {
    const next = collecting();
    return next.frame(await runOnce(args, { ...world, terminal: next.terminal }, () => undefined));
  };
  return watch(frame, again, { terminal, signal, json: watching.json });
}

/** @param onWatch called before a command that is to be watched begins */
async function runOnce(
  args: readonly string[],
  world: ProgramWorld,
  onWatch: (options: { readonly json: boolean }) => void,
): Promise<ExitCode> {
  let exitCode: ExitCode = 0;
  const program = programOf(args, world, (code) => (exitCode = code));
  program.hook("preAction", (_program, command) => {
    if (command.opts<{ watch?: boolean }>().watch === true) onWatch({ json: program.opts<GlobalOptions>().json });
  });
  try {
    await program.parseAsync([...args], { from: "user" });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2; // it has said what is wrong itself
    const fault = usageErrorOf(error) ?? error;
    const { message, hint } = described(fault);
    world.terminal.err(`kace: ${message}`);
    if (hint !== undefined) world.terminal.err(`  ${hint}`);
    return fault instanceof UsageError ? 2 : 1;
  }
}

function described(error: unknown): { readonly message: string; readonly hint?: string | undefined } {
  if (error instanceof CommandError || error instanceof ApplianceError)
    return { message: error.message, hint: error.hint };
  return { message: error instanceof Error ? error.message : String(error) };
}

type Finish = (code: ExitCode) => void;

function programOf(args: readonly string[], world: ProgramWorld, finish: Finish): Command {
  const { terminal } = world;
  const program = new Command("kace");
  refuseVersionOf(program, args);
  program
    .description("Looks after an appliance of pulumi-kace: its agents' server, its devices, and what rollouts did.")
    .version(packageJson.version)
    .addOption(
      new Option("--endpoint <address>", "`local`, or the https address of a `kace serve`")
        .env("KACE_ENDPOINT")
        .default("local"),
    )
    .addOption(new Option("--database <folder>", "the folder of a local appliance").env("KACE_DATABASE"))
    .addOption(
      new Option("--ca-certificate <file>", "the PEM file of the authority that the endpoint's certificate is of").env(
        "KACE_CA_CERTIFICATE",
      ),
    )
    .addOption(
      new Option("--organization <name>", "work in this organization of the appliance").env("KACE_ORGANIZATION"),
    )
    .option("--json", "print JSON for programs", false)
    .addHelpText(
      "after",
      "\nThe API token for an https endpoint is taken from KACE_API_TOKEN.\nExit codes: 0 done, 1 could not be done, 2 wrong usage, 3 done, and what was asked about is not right.",
    )
    .configureOutput({
      writeOut: (text) => terminal.out(text.trimEnd()),
      writeErr: (text) => terminal.err(text.trimEnd()),
    })
    .exitOverride();

  const session = (): CommandSession => sessionOf(program.opts<GlobalOptions>(), world);
  const group = (name: string, description: string) => program.command(name).description(description);
  /** The folder of the local appliance, for what works on nothing else. */
  const folderOf = (command: string): string => {
    const { endpoint, database } = program.opts<GlobalOptions>();
    if (endpoint !== "local")
      throw new UsageError(`\`kace ${command}\` runs where the appliance's folder is`, "leave --endpoint out");
    return folderOfAppliance(database, world.environment);
  };

  program
    .command("serve")
    .description("Runs the appliance's server: agents connect to it, and other machines use it as their endpoint.")
    .option("--name <name>", "the host name that agents are told; it must resolve on every machine", serverNameFrom)
    .option("--host <address>", "the address to listen at", "0.0.0.0")
    .option("--port <number>", "the port to listen at", portOf, 8443)
    .option("--certificate <file>", "a certificate of your own (PEM, with its chain)")
    .option("--key <file>", "its private key (PEM)")
    .option("--next-authority <file>", "the authority of the certificate that comes after it (PEM)")
    .option("--renew-authority <days>", "how long before its end the appliance's own authority is renewed", daysOf, 365)
    .addOption(new Option("--log-format <format>", "what its log is written in").choices(LOG_FORMATS).default("text"))
    .option("--print-unit", "print a unit of systemd that does this, and end")
    .action(async ({ printUnit, ...options }: Omit<ServeArguments, "folder"> & { printUnit?: boolean }) => {
      const { serveCommand, unitCommand } = await import("./commands/serve.ts");
      if (printUnit === true) {
        terminal.out(unitCommand(options, program.opts<GlobalOptions>().database));
        return;
      }
      finish(await serveCommand({ ...options, folder: folderOf("serve") }, world));
    });

  addConfigurationCommands(program, { session, finish });
  addBundleCommands(program, { session, finish });
  addInstallerCommand(program, { session, finish, portOf });

  program
    .command("results")
    .description("The latest result of every machine; exit code 3 if one is not right.")
    .option("--config <name>", "of one configuration")
    .option("--machine <machine>", "of one machine, by its name there, its address, host name or KUID")
    .addOption(new Option("--class <class...>", "of these classes").choices(OUTCOME_CLASSES))
    .option("--code <code...>", "with these codes, such as port-closed")
    .action(async (filter: ResultFilter) => finish(await listResults(session(), filter)));
  program
    .command("logs <machine>")
    .description("What was done on a machine the last time, step by step; named as in `results --machine`.")
    .option("--config <name>", "by one configuration")
    .action(async (machine: string, { config: name }: { config?: string }) =>
      finish(await showLog(session(), machine, name)),
    );

  addCheckCommand(program, { session, finish }, portOf);
  program
    .command("diagnose <machine>")
    .description("Why a machine does not appear at its server; exit code 3 if something is wrong.")
    .option(
      "--server <name>",
      "the server its agent should connect to; the appliance's own if left out",
      serverNameFrom,
    )
    .option("--server-port <number>", "the port of that server", portOf)
    .option("--token-file <file>", "a file with the value of the token its agent was given")
    .action(async (machine: string, given: DiagnoseArguments) => {
      const { diagnoseCommand } = await import("./commands/diagnose.ts");
      finish(await diagnoseCommand(session(), machine, given));
    });

  const hostkeys = group("hostkeys", "Host keys that were accepted once and are the only ones accepted since.");
  hostkeys
    .command("list [host...]")
    .description("All of them, or those of some hosts.")
    .action(async (hosts: string[]) => finish(await listHostKeys(session(), hosts)));
  hostkeys
    .command("forget <host>")
    .description("Lets a machine that was set up anew show another key.")
    .option("--port <number>", "of one port only", portOf)
    .action(async (host: string, { port }: { port?: number }) => finish(await forgetHostKey(session(), host, port)));

  const quarantine = group("quarantine", "Agents that came without a valid token and wait to be approved.");
  addQuarantineLists(quarantine, { session, finish });
  quarantine
    .command("approve <device...>")
    .description("Lets devices in, by host name, KUID or address.")
    .action(async (devices: string[]) => finish(await setStates(session(), devices, "approved")));
  quarantine
    .command("block <device...>")
    .description("Shuts devices out, by host name, KUID or address.")
    .action(async (devices: string[]) => finish(await setStates(session(), devices, "blocked")));

  const devices = group("devices", "Machines whose agents have connected.");
  devices
    .command("list")
    .description("All of them.")
    .action(async () => finish(await listDevices(session(), [])));
  devices
    .command("remove <device...>")
    .description("Forgets machines that are gone, by host name or KUID.")
    .action(async (names: string[]) => finish(await removeDevices(session(), names)));

  addLabelCommands(program, { session, finish });
  addHistoryCommand(program, { session, finish });
  addQueueCommands(program, session, finish);
  addTaskCommands(program, { session, finish });
  addPolicyCommands(program, { session, finish });
  addSettingsCommands(group("settings", "What the agents of the organization live by."), session, finish);

  const tokens = group("tokens", "Enrolment tokens; their values are not shown.");
  tokens
    .command("list")
    .description("All of them, with their uses.")
    .action(async () => finish(await listTokens(session())));
  tokens
    .command("uses <token>")
    .description("What enrolled with one, by its name or id.")
    .action(async (token: string) => finish(await listTokenUses(session(), token)));

  addAccessCommands(program, { session, finish });
  addAuthorityCommands(program, { session, finish });
  addTransferCommands(
    program,
    (command) => ({
      folder: folderOf(command),
      terminal,
      json: program.opts<GlobalOptions>().json,
      askSecret: world.askSecret,
    }),
    finish,
  );

  addCompletionCommands(program, terminal, { session, finish });
  addWatching(program);
  return program;
}

function daysOf(text: string): number {
  const days = Number(text);
  if (!Number.isInteger(days) || days < 1 || days > 3_000)
    throw new InvalidArgumentError("It is a number of days from 1 to 3000.");
  return days;
}

function portOf(text: string): number {
  const port = Number(text);
  if (!Number.isInteger(port) || port < 1 || port > 65_535)
    throw new InvalidArgumentError("A port is a number from 1 to 65535.");
  return port;
}
