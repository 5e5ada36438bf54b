import { readFileSync } from "node:fs";
import { type AgentPackage, bench, type DesiredAgent } from "../../../provider/agent/agent.ts";

/** What a process that works on a fleet is told: the path of its JSON is the process's one argument. */
export interface Job {
  readonly addresses: readonly string[];
  readonly port: number;
  /** Path of the private key of root. */
  readonly privateKeyFile: string;
  readonly package: AgentPackage;
  readonly packageFile: string;
  /** What the machines are to look for: something listens there. */
  readonly server: { readonly host: string; readonly port: number };
  /** How many machines are worked on at once. */
  readonly inFlight: number;
}

/** What such a process says of its work, as JSON on a line. The time it takes to start is in none of them. */
export interface JobFigures {
  readonly wallMs: number;
  /** Processor time of the process itself, not of the machines. */
  readonly processorMs: number;
  readonly installed: number;
  readonly right: number;
}

/** Whose machines they are: receipts name it, so both sides must say the same. */
const CONFIGURATION_ID = "bench";

/** The job that this process was started for. */
export function readJob(): Job {
  return JSON.parse(readFileSync(process.argv[2] ?? "", "utf8"));
}

/** What is wanted of every machine. */
export function desiredOf(job: Job): DesiredAgent {
  return {
    state: "present",
    flavour: bench,
    server: job.server,
    configurationId: CONFIGURATION_ID,
    packages: [job.package],
  };
}

/** Measures what `work` costs this process, and prints it. */
export async function measureJob(work: () => Promise<Pick<JobFigures, "installed" | "right">>): Promise<void> {
  const before = process.cpuUsage();
  const startedMs = performance.now();
  const done = await work();
  const { user, system } = process.cpuUsage(before);
  const figures: JobFigures = { wallMs: performance.now() - startedMs, processorMs: (user + system) / 1_000, ...done };
  console.log(JSON.stringify(figures));
}
