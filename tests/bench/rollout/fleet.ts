import { execFile } from "node:child_process";
import { mkdtemp, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { promisify } from "node:util";
import { inParallel } from "../../../examples/lab/command.ts";
import { Lab, whyNoLab } from "../../../examples/lab/lab.ts";
import { type AgentPackage, bench } from "../../../provider/agent/agent.ts";
import { agentPackages, type PackageFile } from "../../../tools/agent-packages/build.ts";
import { bundleProgram } from "../../../tools/build/bundle.ts";
import { type Listener, startListener } from "../ports/sweeping.ts";
import type { Job, JobFigures } from "./job.ts";
import { BENCH_SCRIPTS } from "./scripts.ts";

const PAYLOAD_BYTES = 1024 * 1024;
const IN_FLIGHT = 32;
/** One for all benches, so that the next one clears what a run left that was killed. */
const PREFIX = "bench";
/** How many hosts are touched at once by hand. */
const BY_HAND = 8;

const PROGRAMS = ["engine-loop.ts", "bare-loop.ts"] as const;

export type Program = (typeof PROGRAMS)[number];

/** Many light hosts on this machine, a package for them, and something that listens where agents would connect to. */
export class Fleet {
  readonly lab: Lab;
  readonly package: AgentPackage;
  readonly packageFile: PackageFile;
  readonly #listener: Listener;
  readonly #folder: string;

  private constructor(lab: Lab, file: PackageFile, listener: Listener, folder: string) {
    this.lab = lab;
    this.packageFile = file;
    this.package = packageFromFile(file);
    this.#listener = listener;
    this.#folder = folder;
  }

  /**
   * Brings the hosts up.
   * @throws Error where this machine cannot have a lab: it needs Linux and root
   */
  static async up(hosts: number, folder: string, progress: (text: string) => void): Promise<Fleet> {
    const why = await whyNoLab();
    if (why !== undefined) throw new Error(why);
    const file = await benchPackage(progress);
    progress(`${hosts} light hosts come up`);
    const width = String(hosts).length;
    const names = Array.from({ length: hosts }, (_, index) => `m${String(index + 1).padStart(width, "0")}`);
    const lab = await Lab.up({
      prefix: PREFIX,
      hosts: names.map((name) => ({ name, kind: "light" })),
      say: progress,
    });
    try {
      // As the plugin is shipped: from sources, a program takes five times as long to start.
      for (const program of PROGRAMS) {
        await bundleProgram(join(import.meta.dirname, program), folder, basename(program, ".ts"));
      }
      const fleet = new Fleet(lab, file, await startListener(0), folder);
      await fleet.forget(hosts);
      return fleet;
    } catch (error) {
      await lab.down();
      throw error;
    }
  }

  /** Where agents would connect to. */
  get server(): { readonly host: string; readonly port: number } {
    return { host: "gateway", port: this.#listener.port };
  }

  /** The addresses of the first hosts. */
  addresses(hosts: number): readonly string[] {
    return this.lab.hosts.slice(0, hosts).map(({ address }) => address);
  }

  /** Puts the first hosts back to where they were before any package came. */
  async forget(hosts: number): Promise<void> {
    await inParallel(this.lab.hosts.slice(0, hosts), BY_HAND, async (host) => {
      await host.run(["sh", "-s"], { stdin: BENCH_SCRIPTS.forget });
    });
  }

  /** Lets a program work on the first hosts, in a process of its own. */
  async work(program: Program, hosts: number): Promise<JobFigures> {
    const job: Job = {
      addresses: this.addresses(hosts),
      port: 22,
      privateKeyFile: this.lab.keys.ed25519.path,
      package: this.package,
      packageFile: this.packageFile.path,
      server: this.server,
      inFlight: IN_FLIGHT,
    };
    const place = join(await mkdtemp(join(this.#folder, "job-")), "job.json");
    await writeFile(place, JSON.stringify(job));
    const { stdout } = await promisify(execFile)(process.execPath, [
      join(this.#folder, `${basename(program, ".ts")}.mjs`),
      place,
    ]);
    return JSON.parse(stdout);
  }

  async down(): Promise<void> {
    await this.#listener.stop();
    await this.lab.down();
  }
}

/** The package that every rollout here brings: a payload of 1 MiB that nothing makes smaller. */
export async function benchPackage(progress: (text: string) => void): Promise<PackageFile> {
  const architecture = process.arch === "arm64" ? "arm64" : "amd64";
  const [file] = await agentPackages({
    version: "1.0.0",
    architectures: [architecture],
    formats: ["deb"],
    flavourOptions: { flavour: "bench", payloadBytes: PAYLOAD_BYTES },
    say: progress,
  });
  if (file === undefined) throw new Error("no package was built");
  return file;
}

function packageFromFile({ fileName, sha256, sizeBytes }: PackageFile): AgentPackage {
  const named = bench.readPackageName(fileName);
  if (named === undefined) throw new Error(`${fileName} is no name of a package of the bench flavour`);
  return { ...named, sha256, sizeBytes };
}
