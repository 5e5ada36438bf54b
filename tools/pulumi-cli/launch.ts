import { mkdir, rename } from "node:fs/promises";
import { dirname, join } from "node:path";
import { run } from "../process/run.ts";
import type { Say } from "../process/say.ts";
import { LAUNCHER, PULUMI_VERSION } from "./versions.ts";

const VENDOR = "https://get.pulumi.com/install.sh";
const VENDOR_ANSWER_MS = 5_000;
const DOWNLOAD_MS = 600_000;

/**
 * Has the official npm launcher download the CLI, with every language host, and moves it to `folder`.
 * Answers false, at once and without noise, where its vendor cannot be reached.
 *
 * @param scratch an empty folder on the same file system as `folder`.
 */
export async function downloadPulumi(folder: string, scratch: string, say: Say): Promise<boolean> {
  if (!(await vendorAnswers())) return false;
  say(`downloading the Pulumi CLI ${PULUMI_VERSION} with its official launcher`);
  await mkdir(scratch, { recursive: true });
  const env = { ...process.env, PULUMI_HOME: scratch, PULUMI_VERSION, PULUMI_SKIP_UPDATE_CHECK: "true" };
  const ended = await run({
    program: "npx",
    args: ["--yes", LAUNCHER, "version"],
    cwd: scratch,
    env,
    timeoutMs: DOWNLOAD_MS,
  });
  if (ended.exitCode !== 0) return false;
  await mkdir(dirname(folder), { recursive: true });
  await rename(join(scratch, "versions", PULUMI_VERSION, "bin"), folder);
  return true;
}

async function vendorAnswers(): Promise<boolean> {
  try {
    const answer = await fetch(VENDOR, { method: "HEAD", signal: AbortSignal.timeout(VENDOR_ANSWER_MS) });
    return answer.ok;
  } catch {
    // No network, no name, no answer in time: all mean that the download would fail, only later.
    return false;
  }
}
