import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { carrierOf, consoleLog, leaderOf, startHosts } from "./boot.ts";
import { type ExecOptions, type ExecResult, execute } from "./command.ts";
import { LabError } from "./error.ts";
import type { FirewallFacts } from "./firewall.ts";
import { type LabHostKey, writeHostKeys } from "./host-keys.ts";
import { rootOf } from "./layers.ts";
import type { LabNames } from "./names.ts";
import { forgetNeighbour, isForwarding, setCable, setFirewall } from "./network.ts";
import { kill, leaderBelow, listensOn } from "./processes.ts";
import type { Firewall, HostSpec } from "./spec.ts";
import { until } from "./wait.ts";

const SEARCH_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

// biome-ignore lint/suspicious/noTemplateCurlyInString: the language of dpkg-query has the braces of a template.
const DPKG_FORMAT = "${db:Status-Abbrev}${Package} ${Version}\n";

/** A package that is installed on a host. */
export interface InstalledPackage {
  readonly name: string;
  readonly version: string;
}

/** Where a host stands in its lab. */
export interface Place {
  readonly names: LabNames;
  readonly index: number;
  readonly address: string;
  readonly gateway: string;
  /** The address of the only host that may reach it. */
  readonly onlyFrom?: string | undefined;
  /** Called when the keys have changed. */
  readonly onNewKeys: () => Promise<void>;
}

/** One host of a lab: what a test or a person does to it from the side of its hardware, without ssh. */
export class LabHost {
  readonly spec: HostSpec;
  readonly name: string;
  readonly address: string;
  readonly sshPort: number;
  /** The name of its network namespace, as `ip netns` knows it. */
  readonly netns: string;
  /** Its whole file system as a folder of the controller; memory file systems of the running host (/run) apart. */
  readonly root: string;
  readonly #place: Place;
  #hostKeys: readonly LabHostKey[];

  constructor(spec: HostSpec, place: Place, hostKeys: readonly LabHostKey[]) {
    this.spec = spec;
    this.name = spec.name;
    this.address = place.address;
    this.sshPort = spec.sshPort ?? 22;
    this.netns = `${place.names.hostPrefix}${spec.name}`;
    this.root = rootOf(place.names, spec.name);
    this.#place = place;
    this.#hostKeys = hostKeys;
  }

  get hostKeys(): readonly LabHostKey[] {
    return this.#hostKeys;
  }

  /**
   * Runs a command on the host, as root, and waits for its end; on a host that is starting, once its first process is
   * there.
   * @throws LabError where the host is not up, or the command takes longer than `timeoutMs` (two minutes)
   * @example (await host.exec(["systemctl", "is-active", "ssh"])).stdout // "active\n"
   */
  async exec(argv: readonly string[], options: Omit<ExecOptions, "env"> = {}): Promise<ExecResult> {
    const leader = await this.#leader();
    const enter = [
      "nsenter",
      "--target",
      String(leader),
      "--mount",
      "--uts",
      "--ipc",
      "--net",
      "--pid",
      "--root",
      "--wd",
    ];
    // The controller's environment is none of the host's business.
    const clean = ["env", "-i", `PATH=${SEARCH_PATH}`, "HOME=/root", "LANG=C.UTF-8"];
    return execute([...enter, ...clean, ...argv], options);
  }

  /** Runs a command that must succeed and gives what it printed. */
  async run(argv: readonly string[], options: Omit<ExecOptions, "env"> = {}): Promise<string> {
    const { exitCode, stdout, stderr } = await this.exec(argv, options);
    if (exitCode === 0) return stdout;
    throw new LabError(
      `${this.name}: ${argv.join(" ")} ended with exit code ${exitCode}: ${stdout}${stderr}`.trimEnd(),
    );
  }

  /** @throws LabError where there is no such file */
  async readFile(path: string): Promise<string> {
    return this.run(["cat", "--", path]);
  }

  /** Writes a file with its folders. `mode` is octal, such as `0o755`; default 0o644. */
  async writeFile(path: string, content: string | Uint8Array, mode = 0o644): Promise<void> {
    const script = 'mkdir -p "$(dirname "$1")" && cat >"$1" && chmod "$2" "$1"';
    await this.run(["sh", "-c", script, "write", path, mode.toString(8)], { stdin: content });
  }

  async exists(path: string): Promise<boolean> {
    return (await this.exec(["test", "-e", path])).exitCode === 0;
  }

  /** All installed packages, as dpkg or rpm tells it. */
  async packages(): Promise<InstalledPackage[]> {
    const argv =
      this.spec.family === "rpm"
        ? ["rpm", "--query", "--all", "--queryformat", "%{NAME} %{VERSION}-%{RELEASE}\n"]
        : ["dpkg-query", "--show", "--showformat", DPKG_FORMAT];
    return (await this.run(argv))
      .split("\n")
      .filter((line) => line !== "" && (this.spec.family === "rpm" || line.startsWith("ii ")))
      .map((line) => line.replace(/^ii +/, "").split(" "))
      .map(([name = "", version = ""]) => ({ name, version }));
  }

  /** The lines of dpkg's own log; each installation of a package is in it, with its time. */
  async dpkgLog(): Promise<string[]> {
    return this.#lines("/var/log/dpkg.log");
  }

  /** What the host's sshd has said: from the journal, or from its own file on light hosts. */
  async sshdLog(): Promise<string[]> {
    if (this.spec.kind === "light") return this.#lines("/var/log/sshd.log");
    // What was said before now is in the journal only once journald has taken it in.
    await this.run(["journalctl", "--sync"]);
    const text = await this.run(["journalctl", "--unit=ssh", "--no-pager", "--output=cat"]);
    return text.split("\n").filter((line) => line !== "");
  }

  /** True while the host is switched on and its first process runs. */
  async isUp(): Promise<boolean> {
    return (await leaderOf(this.#place.names, this.name)) !== undefined;
  }

  /** Reboots in an orderly way (a light host: off and on) and waits until the host is up again. */
  async reboot(): Promise<void> {
    if (this.spec.kind === "light") {
      await this.stop();
      await this.start();
      return;
    }
    const before = await leaderOf(this.#place.names, this.name);
    await this.exec(["systemctl", "reboot"]);
    await until(async () => {
      const leader = await leaderOf(this.#place.names, this.name);
      return leader !== undefined && leader !== before;
    }, `${this.name} to start again`);
    await this.ready();
  }

  /** Pulls the plug and the cable: nobody answers at its address any more. */
  async stop(): Promise<void> {
    await setCable(this.#place.names, this.#place.index, false);
    await until(async () => {
      const leader = await leaderOf(this.#place.names, this.name);
      if (leader !== undefined) kill(leader);
      return (await carrierOf(this.#place.names, this.name)) === undefined;
    }, `${this.name} to go off`);
  }

  /** Switches a stopped host on and waits until it is up. */
  async start(): Promise<void> {
    if (await this.isUp()) return;
    const { names, index } = this.#place;
    await setCable(names, index, true);
    await until(() => isForwarding(names, index), `${this.name} to be on the bridge`);
    await forgetNeighbour(names, this.address);
    await startHosts(names, [this.spec]);
    await this.ready();
  }

  /** Gives the host new host keys, as a new installation would, and restarts its sshd. */
  async newHostKey(): Promise<readonly LabHostKey[]> {
    this.#hostKeys = await writeHostKeys(this.root, this.spec);
    await this.#place.onNewKeys();
    if (this.spec.kind === "systemd") {
      await this.run(["systemctl", "restart", "ssh"]);
    } else {
      await this.reboot();
    }
    await this.ready();
    return this.#hostKeys;
  }

  /** Changes the host's firewall. Who may reach it at all (`behind`) stays as it was. */
  async setFirewall(firewall: Firewall): Promise<void> {
    const { gateway, onlyFrom } = this.#place;
    const facts: FirewallFacts = { firewall, gateway, sshPort: this.sshPort, onlyFrom };
    await setFirewall(this.netns, facts);
  }

  /** Waits until the host has booted and listens. @throws LabError with the end of its console, if it does not */
  async ready(): Promise<void> {
    const { names } = this.#place;
    const soon = (what: string, condition: () => Promise<boolean>): Promise<boolean> =>
      until(async () => {
        if ((await carrierOf(names, this.name)) === undefined) throw new LabError(`${this.name} went off`);
        return condition();
      }, `${this.name} to ${what}`);
    try {
      await soon("start", () => this.isUp());
      // The kernel takes up to a second to see that a cable was plugged in; before that nothing arrives.
      await soon("be on the bridge", () => isForwarding(names, this.#place.index));
      if (this.spec.kind === "systemd") await soon("boot", () => this.#booted());
      if (this.spec.sshd === "none") return;
      await soon(`listen on port ${this.sshPort}`, async () => {
        const leader = await leaderOf(names, this.name);
        return leader !== undefined && listensOn(leader, this.sshPort);
      });
    } catch (cause) {
      const logs = [consoleLog(names, this.name), join(this.root, "var/log/sshd.log")].filter((path) =>
        existsSync(path),
      );
      const said = (await Promise.all(logs.map((path) => readFile(path, "utf8")))).join("");
      const why = cause instanceof Error ? cause.message : String(cause);
      throw new LabError(`${why}\n${said.slice(-2_000)}`, { cause });
    }
  }

  /** The first process of the host. @throws LabError where the host is switched off */
  async #leader(): Promise<number> {
    const { names } = this.#place;
    return until(async () => {
      const carrier = await carrierOf(names, this.name);
      if (carrier === undefined) throw new LabError(`${this.name} is not up`);
      return leaderBelow(carrier);
    }, `the first process of ${this.name}`);
  }

  async #booted(): Promise<boolean> {
    if (!(await this.isUp())) return false;
    const { stdout } = await this.exec(["systemctl", "is-system-running", "--wait"], { timeoutMs: 240_000 });
    return /^(running|degraded)$/m.test(stdout);
  }

  async #lines(path: string): Promise<string[]> {
    if (!(await this.exists(path))) return [];
    return (await this.readFile(path)).split("\n").filter((line) => line !== "");
  }
}
