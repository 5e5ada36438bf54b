import { randomBytes } from "node:crypto";
import { mkdirSync, readdirSync, rmSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { describeFileError } from "../local/file-errors.ts";

const NAME = /^staged-(\d+)-[0-9a-f]{12}$/;

/**
 * Works in a new folder inside an appliance's own, for its user only and on the same file system, so that files move
 * into their places and are not copied; it is removed afterwards. What others left that were killed is removed first.
 */
export async function withStaging<Result>(folder: string, work: (staging: string) => Promise<Result>): Promise<Result> {
  const staging = join(folder, `staged-${process.pid}-${randomBytes(6).toString("hex")}`);
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    removeAbandoned(folder);
    mkdirSync(staging, { mode: 0o700 });
  } catch (error) {
    throw describeFileError(error, folder);
  }
  try {
    return await work(staging);
  } finally {
    await rm(staging, { recursive: true, force: true });
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
