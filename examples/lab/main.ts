// `npm run lab -- up | status | down`: a fleet of real hosts on this machine, to try things on. See docs/lab.md.
import { constants } from "node:os";
import { parseArgs } from "node:util";
import { Lab, LabError, whyNoLab } from "./lab.ts";
import { knownPrefixes } from "./record.ts";
import { sampleHosts } from "./sample.ts";

const BROKEN_PIPE = 128 + constants.signals.SIGPIPE;

const USAGE = `npm run lab -- up [--hosts 12] [--light 0] [--prefix lab]   bring up a lab of hosts
npm run lab -- status [--prefix lab]                         what is up, and how to log in
npm run lab -- down [--prefix lab]                           take it down`;

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      hosts: { type: "string", default: "12" },
      light: { type: "string", default: "0" },
      prefix: { type: "string" },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) {
    say(USAGE);
    return;
  }
  const [verb, ...rest] = positionals;
  if (rest.length > 0) throw new LabError(USAGE);
  const why = whyNoLab();
  if (why !== undefined) throw new LabError(why);
  const prefix = values.prefix ?? "lab";
  switch (verb) {
    case "up":
      await up(prefix, count("--hosts", values.hosts), count("--light", values.light));
      return;
    case "status":
      await status(values.prefix === undefined ? await knownPrefixes() : [values.prefix]);
      return;
    case "down":
      await Lab.down(prefix);
      say(`lab ${prefix} is down`);
      return;
    default:
      throw new LabError(USAGE);
  }
}

async function up(prefix: string, systemd: number, light: number): Promise<void> {
  const lab = await Lab.up({ prefix, hosts: sampleHosts(systemd, light), say });
  describe(lab);
}

async function status(prefixes: readonly string[]): Promise<void> {
  const labs = await Promise.all(prefixes.map((prefix) => Lab.find(prefix)));
  const found = labs.filter((lab) => lab !== undefined);
  if (found.length === 0) say("no lab is up: npm run lab -- up");
  for (const lab of found) {
    describe(lab);
    for (const host of lab.hosts) {
      if (!(await host.isUp())) say(`  ${host.name} is off`);
    }
  }
}

function describe(lab: Lab): void {
  say(`lab ${lab.prefix}: ${lab.hosts.length} hosts in ${lab.subnet}; they reach this machine at ${lab.gateway}`);
  for (const host of lab.hosts) {
    const { kind, family = "debian", users = [] } = host.spec;
    const who = users.length === 0 ? "root" : users.map(({ name }) => name).join(", ");
    say(`  ${host.name.padEnd(12)} ${host.address.padEnd(15)} ${kind.padEnd(8)} ${family.padEnd(7)} log in as ${who}`);
  }
  const [first] = lab.hosts;
  if (first === undefined) return;
  const user = first.spec.users?.[0]?.name ?? "root";
  const options = "-o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR";
  say(`log in: ssh ${options} -i ${lab.keys.ed25519.path} ${user}@${first.address}`);
  say(`take it down: npm run lab -- down --prefix ${lab.prefix}`);
}

function count(option: string, text: string): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 0 || number > 900) {
    throw new LabError(`${option} takes a number from 0 to 900, not "${text}"`);
  }
  return number;
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

// Who reads the output may have read enough, as `head` does; the ending is then what a shell calls a broken pipe.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
  process.exit(BROKEN_PIPE);
});

try {
  await main();
} catch (error) {
  // Only what was not foreseen deserves a stack.
  if (!(error instanceof Error)) throw error;
  const foreseen = error instanceof LabError || ("code" in error && String(error.code).startsWith("ERR_PARSE_ARGS"));
  process.stderr.write(`${foreseen ? error.message : (error.stack ?? error.message)}\n`);
  process.exitCode = 1;
}
