import type { LabHost } from "../../examples/lab/lab.ts";
import { durationText, type Say } from "../process/say.ts";
import type { Stage } from "./stage.ts";
import { markMoment, writtenSince } from "./writes.ts";

/** A line of the summary at the end. */
export interface Told {
  readonly what: string;
  readonly durationMs: number;
}

/** Something went otherwise than the demo says it goes. */
export class DemoError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "DemoError";
  }
}

/** What the telling of the story needs of the world. */
export interface Teller {
  readonly say: Say;
  readonly nowMs: () => number;
  /** Becomes true when the user has had enough. */
  readonly interrupted: () => boolean;
}

/**
 * Plays the main job: preview, up, nothing to do, drift, repair; and, unless the machines are kept, destroy. Each thing
 * that is claimed is looked up, and is one line of what is given back.
 * @throws DemoError where something is not as claimed, or the user broke off
 */
export async function playStory(stage: Stage, keep: boolean, teller: Teller): Promise<Told[]> {
  const { say } = teller;
  const { hosts } = stage.lab;
  const told: Told[] = [];

  const pulumi = async (why: string, args: readonly string[], stdin?: string): Promise<number> => {
    if (teller.interrupted()) throw new DemoError("broken off");
    say(`\n# ${why}\n$ pulumi ${args.join(" ")}${stdin === undefined ? "" : " < key"}`);
    const started = teller.nowMs();
    const exitCode = await stage.run(args, stdin);
    if (exitCode !== 0) throw new DemoError(`pulumi ${args[0]} ended with exit code ${exitCode}`);
    return teller.nowMs() - started;
  };
  const claim = (what: string, holds: boolean, durationMs: number): void => {
    if (!holds) throw new DemoError(`this is not so: ${what}`);
    told.push({ what, durationMs });
  };
  const claimNothingWritten = async (what: string, where: readonly LabHost[], durationMs: number): Promise<void> => {
    for (const host of where) {
      const [file] = await writtenSince(host);
      if (file !== undefined)
        throw new DemoError(`this is not so: ${what} and wrote nothing: ${host.name} has ${file}`);
    }
    told.push({ what: `${what} and wrote nothing`, durationMs });
  };

  await pulumi("a stack; its state lies in a folder of the demo", ["stack", "init", "demo"]);
  await pulumi("the machines, as a range of addresses", ["config", "set", "targets", rangeOf(hosts)]);
  const key = await stage.logInKey();
  await pulumi("the key that they let in, encrypted in the stack", ["config", "set", "--secret", "privateKey"], key);

  await markEverywhere(hosts);
  const previewMs = await pulumi("what would happen to each machine: it looks at them and writes nothing", ["preview"]);
  await claimNothingWritten(`preview looked at ${hosts.length} machines`, hosts, previewMs);

  const upMs = await pulumi("install the agent, enrol it, and prove it on every machine", UP);
  const first = await stage.summary();
  claim(`up installed and proved ${first.succeeded} agents`, first.succeeded === hosts.length, upMs);

  await markEverywhere(hosts);
  const againMs = await pulumi("again: every machine is looked at, and nothing is to be done", UNCHANGED);
  await claimNothingWritten(`the second up looked at ${hosts.length} machines`, hosts, againMs);

  const [removed, stopped, ...others] = hosts;
  if (removed === undefined || stopped === undefined) throw new DemoError("there are not enough machines");
  say(`\n# now somebody removes the agent from ${removed.name} (${removed.address})`);
  await removed.run(["dpkg", "--purge", "kace-reference-agent"]);
  say(`# and stops its service on ${stopped.name} (${stopped.address})`);
  await stopped.run(["systemctl", "stop", "kace-reference-agent"]);
  await markEverywhere(others);
  await pulumi("the program is the same; the preview shows what is not as it says", ["preview"]);
  const repairMs = await pulumi("and up repairs these two", UP);
  const { succeeded = 0, unchanged = 0 } = await stage.summary();
  claim("up repaired 2 machines", succeeded + unchanged === hosts.length, repairMs);
  await claimNothingWritten("it looked at the others too", others, repairMs);

  if (keep) return told;
  const destroyMs = await pulumi("take the agents off again", ["destroy", "--yes", "--skip-preview"]);
  const left = (await Promise.all(hosts.map((host) => host.exists("/opt/kace-reference")))).filter(Boolean).length;
  claim(`destroy removed ${hosts.length} agents and left ${left}`, left === 0, destroyMs);
  return told;
}

const UP = ["up", "--yes", "--skip-preview"] as const;
const UNCHANGED = [...UP, "--expect-no-changes"] as const;

/** The end of the demo, for a person. */
export function summaryText(told: readonly Told[]): string {
  const width = Math.max(...told.map(({ what }) => what.length));
  const lines = told.map(({ what, durationMs }) => `  ${what.padEnd(width)}  ${durationText(durationMs).padStart(10)}`);
  return ["What you have seen, each line looked up on the machines themselves:", ...lines].join("\n");
}

/** All of the machines as one range of octets; they follow each other. @example "10.80.14.11-22" */
function rangeOf(hosts: readonly LabHost[]): string {
  const [first, last] = [hosts[0]?.address ?? "", hosts.at(-1)?.address ?? ""];
  return `${first}-${last.slice(last.lastIndexOf(".") + 1)}`;
}

async function markEverywhere(hosts: readonly LabHost[]): Promise<void> {
  await Promise.all(hosts.map(markMoment));
}
