import { execFileSync } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { closeSync, mkdtempSync, openSync, readdirSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished, type TestContext } from "vitest";
import { openLocal } from "../../../provider/appliance/local/local.ts";
import { listing, refusal } from "./folders.ts";

const CHUNK = Buffer.alloc(4_096, 1);

/** A small file system of the test's own; the test is skipped where none may be mounted. */
function smallDisk({ skip }: TestContext): { readonly path: string; remount(options: string): void } {
  if (process.platform !== "linux") skip("needs Linux to mount a file system");
  const path = mkdtempSync(join(tmpdir(), "kace-disk-"));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=4m", "kace-test", path], { stdio: "pipe" });
  } catch (error) {
    skip(`needs the right to mount a file system: ${String(error).split("\n", 1)[0]}`);
  }
  // Runs before the folder is removed: what was last registered is run first.
  onTestFinished(() => void execFileSync("umount", ["--lazy", path]));
  return {
    path,
    remount: (options) => void execFileSync("mount", ["-o", `remount,${options}`, path]),
  };
}

/** Writes a file until the disk is full. */
function fill(path: string): void {
  const file = openSync(path, "w");
  try {
    for (;;) writeSync(file, CHUNK);
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ENOSPC")) throw error;
  } finally {
    closeSync(file);
  }
}

const configuration = { id: "c", name: "c", description: { targets: "web[1-9]" } };

function outcomeOf(number: number) {
  return {
    machine: `web${number}`,
    target: "web[1-9]",
    action: "install",
    class: "succeeded",
    code: "installed",
    message: "installed",
    durationMs: 1,
    log: randomBytes(20_000).toString("base64"),
  } as const;
}

describe("a local appliance on a disk that is full", () => {
  it("says so while a run is journalled, keeps what was recorded, and goes on once there is room", async (context) => {
    const disk = smallDisk(context);
    const appliance = await openLocal({ folder: join(disk.path, "appliance") });
    onTestFinished(() => appliance.close());
    await appliance.saveConfiguration(configuration);
    const { runId } = await appliance.startRun({ configurationId: "c", kind: "up", holder: "test" });
    await appliance.recordOutcomes({ runId, outcomes: [outcomeOf(0)] });
    fill(join(disk.path, "filler"));
    let recorded = 1;
    const error = await refusal(
      (async () => {
        // What SQLite has already taken of the disk holds a few more.
        for (; recorded < 1_000; recorded++) await appliance.recordOutcomes({ runId, outcomes: [outcomeOf(recorded)] });
      })(),
    );
    expect(error.code).toBe("disk-full");
    expect(error.message).toContain("the disk is full");
    const machines = async () => (await appliance.listOutcomes({ limit: 1_000 })).outcomes.length;
    expect(await machines()).toBe(recorded);
    rmSync(join(disk.path, "filler"));
    await appliance.recordOutcomes({ runId, outcomes: [outcomeOf(recorded)] });
    expect(await machines()).toBe(recorded + 1);
  });

  it("cannot be made there, and leaves nothing that is in the way later", async (context) => {
    const disk = smallDisk(context);
    fill(join(disk.path, "filler"));
    const folder = join(disk.path, "appliance");
    expect((await refusal(openLocal({ folder }))).code).toBe("disk-full");
    rmSync(join(disk.path, "filler"));
    const appliance = await openLocal({ folder });
    onTestFinished(() => appliance.close());
    await appliance.createToken({ name: "t" });
  });

  it("keeps no part of a package that does not fit", async (context) => {
    const disk = smallDisk(context);
    const appliance = await openLocal({ folder: join(disk.path, "appliance") });
    onTestFinished(() => appliance.close());
    const content = randomBytes(8 * 1024 * 1024);
    const sha256 = createHash("sha256").update(content).digest("hex");
    async function* chunks(): AsyncGenerator<Uint8Array> {
      for (let at = 0; at < content.length; at += 65_536) yield content.subarray(at, at + 65_536);
    }
    expect((await refusal(appliance.putPackage(sha256, content.length, chunks()))).code).toBe("disk-full");
    expect(readdirSync(join(disk.path, "appliance", "packages"))).toEqual([]);
    await appliance.createToken({ name: "t" });
  });
});

describe("a local appliance on a read-only disk", () => {
  it("refuses to be written to, and can be read", async (context) => {
    const disk = smallDisk(context);
    const folder = join(disk.path, "appliance");
    const before = await openLocal({ folder });
    const token = await before.createToken({ name: "t" });
    await before.close();
    disk.remount("ro");
    const files = listing(folder);
    expect((await refusal(openLocal({ folder }))).code).toBe("read-only");
    expect((await refusal(openLocal({ folder: join(disk.path, "other") }))).code).toBe("read-only");
    const preview = await openLocal({ folder, readOnly: true });
    expect(await preview.getToken({ id: token.id })).toEqual(token);
    expect(listing(folder)).toEqual(files);
  });
});
