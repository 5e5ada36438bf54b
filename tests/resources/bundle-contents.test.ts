import { createHash } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { accessTo } from "../../provider/appliance/access.ts";
import { packKbin } from "../../provider/appliance/kbin/pack.ts";
import { openLocal } from "../../provider/appliance/local/local.ts";
import { type BundleContents, readBundle } from "../../provider/resources/bundle-contents.ts";

const DEB = "ampagent-14.1.19.ubuntu.64.deb";
const RPM = "ampagent-14.1.20-1.x86_64.rpm";

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "kace-contents-"));
  const made = folder;
  onTestFinished(() => rm(made, { recursive: true, force: true }));
});

/** A package, whose content is of no matter here. */
async function file(name: string): Promise<{ readonly path: string; readonly sha256: string }> {
  const path = join(folder, name);
  await writeFile(path, name);
  return { path, sha256: createHash("sha256").update(name).digest("hex") };
}

async function packed(...names: readonly string[]) {
  const files = await Promise.all(names.map(file));
  const path = join(folder, "agents.kbin");
  const { sha256 } = await packKbin(
    files.map((one) => one.path),
    path,
  );
  return { path, sha256 };
}

function read(source: BundleContents) {
  const open = (mode: { readonly readOnly: boolean }) => openLocal({ folder: join(folder, "appliance"), ...mode });
  return readBundle(source, accessTo(open, { endpoint: "local", isLocal: true, maxConcurrency: undefined }));
}

describe("the packages of a bundle", () => {
  it("may come in an archive: kind, platform and newest version are read from the names in it", async () => {
    // As a resource is given it: with properties that are no source.
    const inputs = { name: "agents", archive: await packed(DEB, RPM) };
    const bundle = await read(inputs);
    expect(bundle).toMatchObject({ flavour: "quest", version: "14.1.20", findings: [] });
    expect(bundle.packages).toMatchObject([
      { fileName: DEB, format: "deb", architecture: "amd64", sizeBytes: DEB.length, from: undefined },
      { fileName: RPM, format: "rpm", architecture: "amd64", sizeBytes: RPM.length, from: undefined },
    ]);
  });

  it("may come in an archive and beside it, but none of them twice", async () => {
    const archive = await packed(DEB);
    const beside = await file(RPM);
    expect((await read({ archive, files: [beside] })).packages.map(({ fileName }) => fileName)).toEqual([DEB, RPM]);
    expect((await read({ archive, files: [await file(DEB)] })).findings).toEqual([
      { path: ["files", 0], reason: `${DEB} is in the archive, too` },
    ]);
  });

  it.each<[string, () => Promise<BundleContents>, string, string]>([
    ["nothing that proves it", async () => ({ archive: { path: "x" } }), "sha256", "expected the archive's SHA-256"],
    [
      "a key that is none",
      async () => ({ archive: { path: "x", publicKey: "-----BEGIN PUBLIC KEY-----" } }),
      "publicKey",
      "expected an Ed25519 public key",
    ],
    [
      "another checksum",
      async () => ({ archive: { ...(await packed(DEB)), sha256: "0".repeat(64) } }),
      "path",
      "not the file that was meant",
    ],
    ["no package of an agent in it", async () => ({ archive: await packed("README") }), "path", "is not named like"],
  ])("are refused of an archive with %s", async (_title, source, property, reason) => {
    const { findings } = await read(await source());
    expect(findings).toHaveLength(1);
    expect(findings[0]?.path).toEqual(["archive", property]);
    expect(findings[0]?.reason).toContain(reason);
  });
});
