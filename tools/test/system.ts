import { Lab, missingPackages, whyNoLab } from "../../examples/lab/lab.ts";
import { findOnPath, isExecutable } from "../process/path.ts";
import { runOrThrow } from "../process/run.ts";
import type { Say } from "../process/say.ts";
import { systemPython } from "../python/obtain.ts";

/** Something of the operating system that the checks need, and the Debian packages that bring it. */
export type Need = { readonly missing: string; readonly packages: readonly string[] };

/** Where Debian has the SSH server; it is on no ordinary user's PATH. */
const SSHD = "/usr/sbin/sshd";

/**
 * Installs the system packages that are missing, where it may (root on Debian or Ubuntu), and makes ready what the lab
 * of real hosts is built on. Where there can be no lab it says why, and the tests on real hosts are skipped.
 * @throws Error that says in one sentence what is missing, where it may not or where that did not help.
 */
export async function installSystemPackages(say: Say): Promise<void> {
  await installNeeds(say);
  const why = whyNoLab();
  if (why === undefined) {
    await Lab.prepare(say);
  } else {
    say(`tests on real hosts will be skipped: ${why}`);
  }
}

async function installNeeds(say: Say): Promise<void> {
  const needs = await missingNeeds();
  if (needs.length === 0) return;
  const packages = needs.flatMap((need) => need.packages);
  const sentence = `${needs.map((need) => need.missing).join(", and ")}: install ${packages.join(" ")}`;
  if (process.getuid?.() !== 0) throw new Error(`${sentence} (this run is not root, so it cannot)`);
  const apt = findOnPath("apt-get");
  if (apt === undefined) throw new Error(`${sentence} (there is no apt-get here to do it with)`);

  say(`installing ${packages.join(" ")} with apt-get`);
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  await runOrThrow({ program: apt, args: ["update", "-q"], env });
  await runOrThrow({ program: apt, args: ["install", "-y", "-q", "--no-install-recommends", ...packages], env });
  const left = await missingNeeds();
  if (left.length > 0)
    throw new Error(`still after apt-get install: ${left.map((need) => need.missing).join(", and ")}`);
}

async function missingNeeds(): Promise<Need[]> {
  const needs: Need[] = [];
  if (findOnPath("git") === undefined) {
    needs.push({ missing: "git is not installed", packages: ["git", "ca-certificates"] });
  }
  // Where a lab can be, nothing is skipped: completion is tested by the shells that it is for, the agent for arm64 emulated.
  if (whyNoLab() === undefined && findOnPath("zsh") === undefined) {
    needs.push({ missing: "zsh is not installed", packages: ["zsh"] });
  }
  if (whyNoLab() === undefined && findOnPath("qemu-aarch64") === undefined) {
    needs.push({ missing: "there is no emulator to run the agent for arm64 on", packages: ["qemu-user"] });
  }
  const python = await systemPython();
  if ("missing" in python) needs.push({ missing: python.missing, packages: ["python3", "python3-venv"] });
  return [
    ...needs,
    ...hostNeeds({ lab: whyNoLab() === undefined, sshd: isExecutable(SSHD), missing: missingPackages() }),
  ];
}

/** What is missing for tests against real SSH servers and real hosts: nothing where they cannot run in any case. */
export function hostNeeds(found: {
  readonly lab: boolean;
  readonly sshd: boolean;
  readonly missing: readonly string[];
}): Need[] {
  if (!found.lab) return [];
  const needs: Need[] = [];
  if (!found.sshd) needs.push({ missing: "there is no OpenSSH server", packages: ["openssh-server"] });
  if (found.missing.length > 0) {
    needs.push({ missing: "the lab of real hosts lacks programs", packages: found.missing });
  }
  return needs;
}
