import { mkdtemp, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { runOrThrow } from "../../../../tools/process/run.ts";
import type { Say } from "../../../../tools/process/say.ts";
import { pythonEnvironment } from "../../../../tools/python/obtain.ts";
import type { Fleet } from "../fleet.ts";

/** `tuned`: as its users make it fast, with pipelining, 32 forks and the quicker key exchange. */
export type Tuning = "tuned" | "defaults";

const SETTINGS: Readonly<Record<Tuning, Readonly<Record<string, string>>>> = {
  tuned: {
    ANSIBLE_PIPELINING: "True",
    ANSIBLE_FORKS: "32",
    ANSIBLE_SSH_ARGS: "-o ControlMaster=auto -o ControlPersist=5s -o KexAlgorithms=curve25519-sha256",
  },
  // But for how long it keeps connections, so that none is there when the next run begins.
  defaults: { ANSIBLE_SSH_ARGS: "-C -o ControlMaster=auto -o ControlPersist=5s" },
};

/**
 * Ansible, from PyPI.
 * @returns its `ansible-playbook`
 */
export async function obtainAnsible(say: Say): Promise<string> {
  const requirements = await readFile(join(import.meta.dirname, "requirements.txt"), "utf8");
  const python = await pythonEnvironment("ansible", requirements, say);
  return join(dirname(python), "ansible-playbook");
}

/**
 * Runs the bench's playbook on the first hosts of a fleet; they need Python.
 * @returns how long it took, the processor time of Ansible itself and all it started here, and how many machines it changed
 */
export async function playbook(
  program: string,
  fleet: Fleet,
  hosts: number,
  { tuning, folder }: { readonly tuning: Tuning; readonly folder: string },
): Promise<{ readonly wallMs: number; readonly processorMs: number; readonly changed: number }> {
  // A folder of its own for each run: nothing of an earlier one makes it faster.
  const home = await mkdtemp(join(folder, "a-"));
  const inventory = join(home, "hosts.ini");
  const knownHosts = join(home, "known_hosts");
  await writeFile(inventory, `${fleet.addresses(hosts).join("\n")}\n`);
  await writeFile(knownHosts, fleet.lab.knownHosts());
  const { version, sha256 } = fleet.package;
  const variables = {
    ansible_user: "root",
    ansible_ssh_private_key_file: fleet.lab.keys.ed25519.path,
    ansible_ssh_common_args: `-o UserKnownHostsFile=${knownHosts}`,
    ansible_python_interpreter: "/usr/bin/python3",
    package_file: fleet.packageFile.path,
    package_version: version,
    package_sha256: sha256,
  };
  const env = {
    PATH: `${dirname(program)}:${process.env.PATH}`,
    HOME: home,
    LC_ALL: "C.UTF-8",
    ANSIBLE_HOME: join(home, "ansible"),
    ANSIBLE_SSH_CONTROL_PATH_DIR: join(home, "cp"),
    ANSIBLE_NOCOLOR: "1",
    ANSIBLE_TIMEOUT: "120",
    ...SETTINGS[tuning],
  };
  const args = ["-i", inventory, "-e", JSON.stringify(variables), join(import.meta.dirname, "install.yml")];
  const begin = performance.now();
  const output = await runOrThrow({ program: "sh", args: ["-c", TIMED, program, ...args], cwd: home, env });
  const wallMs = performance.now() - begin;
  const recap = [...output.matchAll(/ok=\d+ +changed=(\d+) +unreachable=0 +failed=0/g)];
  if (recap.length !== hosts) throw new Error(`Ansible brought ${recap.length} of ${hosts} machines to an end`);
  return { wallMs, processorMs: childrenMs(output), changed: recap.filter(([, changes]) => changes !== "0").length };
}

/** Runs a program, and says what it and all that it waited for took. */
const TIMED = '"$0" "$@"; code=$?; times; exit "$code"';

/**
 * The last line of what POSIX's `times` says: `0m12.340000s 0m3.210000s`, user and system time of the children. Those
 * that were left behind, as ssh leaves its connections, are not in it.
 */
function childrenMs(output: string): number {
  const [, ...parts] = /(\d+)m([\d.]+)s (\d+)m([\d.]+)s\s*$/.exec(output) ?? [];
  const [userMinutes = Number.NaN, userSeconds = 0, systemMinutes = 0, systemSeconds = 0] = parts.map(Number);
  const totalMs = 1_000 * (60 * (userMinutes + systemMinutes) + userSeconds + systemSeconds);
  if (Number.isNaN(totalMs)) throw new Error("the shell did not say what Ansible took");
  return totalMs;
}
