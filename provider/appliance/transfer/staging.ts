import { randomBytes } from "node:crypto";
import { mkdirSync, readdirSync, rmdirSync, rmSync } from "node:fs";
import { rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { describeFileError } from "../local/file-errors.ts";

const NAME = /^staged-(\d+)-[0-9a-f]{12}$/;

/**
 * Works in a new folder inside an appliance's own, for its user only and on the same file system, so that files move
 * into their places and are not copied; it is removed afterwards, and where the work fails so is a folder of the appliance
 * that was made for it. What others left that were killed is removed first.
 */
export async function withStaging<Result>(folder: string, work: (staging: string) => Promise<Result>): Promise<Result> {
  const staging = join(folder, `staged-${process.pid}-${randomBytes(6).toString("hex")}`);
  let made: string | undefined;
  try {
    made = mkdirSync(folder, { recursive: true, mode: 0o700 });
    removeAbandoned(folder);
    mkdirSync(staging, { mode: 0o700 });
  } catch (error) {
    throw describeFileError(error, folder);
  }
  let isDone = false;
  try {
    const result = await work(staging);
    isDone = true;
    return result;
  } finally {
    await rm(staging, { recursive: true, force: true });
    if (!isDone && made !== undefined) removeMade(folder, made);
  }
}

/** Removes a folder and those above it that were made with it, as long as nobody has put anything into them. */
function removeMade(folder: string, first: string): void {
  try {
    for (let made = folder; made.length >= first.length && readdirSync(made).length === 0; made = dirname(made))
      rmdirSync(made);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code !== "ENOENT" && code !== "ENOTEMPTY") throw error; // somebody does the same at the same time
  }
}

function removeAbandoned(folder: string): void {
  for (const name of readdirSync(folder)) {
    const pid = Number(NAME.exec(name)?.[1]);
    if (Number.isInteger(pid) && !isAlive(pid)) rmSync(join(folder, name), { recursive: true, force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ESRCH") return false;
    if (error instanceof Error && "code" in error && error.code === "EPERM") return true;
    throw error;
  }
}
