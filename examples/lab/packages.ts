import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { succeed } from "./command.ts";
import { LabError } from "./error.ts";
import { withLock } from "./lock.ts";

/** A program that the lab needs on the controller, and the Debian package that brings it. */
interface Need {
  readonly program: string;
  readonly package: string;
}

const NEEDS: readonly Need[] = [
  { program: "debootstrap", package: "debootstrap" },
  { program: "systemd-nspawn", package: "systemd-container" },
  { program: "ip", package: "iproute2" },
  { program: "nft", package: "nftables" },
  { program: "ssh-keygen", package: "openssh-client" },
  { program: "nsenter", package: "util-linux" },
  { program: "mount", package: "mount" },
];

/** What must be installed before a lab can be brought up here: names of Debian packages. */
export function missingPackages(): readonly string[] {
  return NEEDS.filter((need) => !isThere(need.program)).map((need) => need.package);
}

/** Why no lab can be had on this machine, in one sentence; undefined where it can, perhaps after installing packages. */
export function whyNoLab(): string | undefined {
  if (process.platform !== "linux") return "a lab needs Linux: its hosts are namespaces of the kernel";
  if (process.getuid?.() !== 0) return "a lab needs root: it makes network namespaces and mounts";
  const missing = missingPackages();
  if (missing.length > 0 && !isThere("apt-get")) {
    return `a lab needs ${missing.join(", ")}, and there is no apt-get here to install them`;
  }
  return undefined;
}

/**
 * Installs what is missing.
 * @throws LabError where this machine cannot have a lab
 */
export async function installPackages(say: (line: string) => void): Promise<void> {
  const why = whyNoLab();
  if (why !== undefined) throw new LabError(why);
  if (missingPackages().length === 0) return;
  await withLock("/run/lock", "pulumi-kace-lab-packages", async () => {
    const missing = missingPackages();
    if (missing.length === 0) return;
    say(`installing ${missing.join(", ")} with apt-get`);
    const options = { env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" }, timeoutMs: 600_000 };
    await succeed(["apt-get", "update", "-q"], options);
    await succeed(["apt-get", "install", "-y", "-q", "--no-install-recommends", ...missing], options);
    const left = missingPackages();
    if (left.length > 0) throw new LabError(`still missing after apt-get install: ${left.join(", ")}`);
  });
}

/** Debian keeps administrators' programs in folders that not every PATH names. */
function isThere(program: string): boolean {
  const folders = [...(process.env.PATH ?? "").split(delimiter), "/usr/sbin", "/sbin", "/usr/bin", "/bin"];
  return folders.some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return folder !== "";
    } catch {
      return false;
    }
  });
}
