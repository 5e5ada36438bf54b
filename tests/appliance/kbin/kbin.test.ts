import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { describe, expect, it, onTestFinished } from "vitest";
import { KbinError } from "../../../provider/appliance/kbin/error.ts";
import { packKbin } from "../../../provider/appliance/kbin/pack.ts";
import { type KbinProof, readKbin } from "../../../provider/appliance/kbin/read.ts";
import { type TarEntry, tarArchive } from "../../../tools/agent-packages/tar.ts";

const { publicKey, privateKey } = generateKeyPairSync("ed25519");
const DEB = { name: "ampagent-14.1.19.ubuntu.64.deb", content: randomBytes(180_000) };
const RPM = { name: "ampagent-14.1.19-1.x86_64.rpm", content: Buffer.from("another package") };

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), "kace-kbin-"));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

function digest(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** An archive of these entries, whatever they are, with the proof by its checksum. */
function archive(entries: readonly Partial<TarEntry>[]): { readonly path: string; readonly proof: KbinProof } {
  const tar = tarArchive(
    entries.map(({ path = "", mode = 0o644, content = Buffer.alloc(0) }) => ({ path, mode, content })),
    new Date(0),
  );
  return file(gzipSync(tar));
}

function file(bytes: Uint8Array): { readonly path: string; readonly proof: KbinProof } {
  const path = join(folder(), "agents.kbin");
  writeFileSync(path, bytes);
  return { path, proof: { sha256: digest(bytes) } };
}

function manifestOf(packages: readonly { readonly name: string; readonly content: Uint8Array }[], more: object = {}) {
  const named = packages.map(({ name, content }) => ({
    fileName: name,
    sha256: digest(content),
    sizeBytes: content.length,
    ...more,
  }));
  return { path: "bundle.json", content: Buffer.from(JSON.stringify({ format: 1, packages: named })) };
}

const entryOf = ({ name, content }: typeof DEB) => ({ path: name, content });

async function refusalOf(work: Promise<unknown>): Promise<string> {
  const thrown = await work.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (!(thrown instanceof KbinError)) throw new Error(`expected a KbinError, got ${String(thrown)}`);
  return thrown.message;
}

async function packed(key?: KeyObject) {
  const from = folder();
  const files = [DEB, RPM].map(({ name, content }) => {
    const path = join(from, name);
    writeFileSync(path, content);
    return path;
  });
  const out = join(folder(), "agents.kbin");
  return { out, files, ...(await packKbin(files, out, key)) };
}

describe("an archive of packages", () => {
  it("holds what was packed, proved by its checksum, and the same files make the same bytes", async () => {
    const one = await packed();
    const contents: Record<string, string> = {};
    const manifest = await readKbin(one.out, { sha256: one.sha256 }, async ({ fileName }, content) => {
      const chunks: Uint8Array[] = [];
      for await (const chunk of content) chunks.push(chunk);
      contents[fileName] = digest(Buffer.concat(chunks));
    });
    expect(manifest).toEqual(one.manifest);
    expect(contents).toEqual({ [DEB.name]: digest(DEB.content), [RPM.name]: digest(RPM.content) });
    expect((await packed()).sha256).toBe(one.sha256);
    expect(await readdir(join(one.out, ".."))).toEqual(["agents.kbin"]);
  });

  it("may be read in part: what its reader leaves is proved all the same", async () => {
    const { out, sha256 } = await packed();
    const manifest = await readKbin(out, { sha256 }, async (_entry, content) => {
      for await (const _first of content) return;
    });
    expect(manifest.packages).toHaveLength(2);
  });

  it("is proved by the signature of its manifest, and by no other key's", async () => {
    const { out } = await packed(privateKey);
    expect((await readKbin(out, { publicKey })).packages).toHaveLength(2);
    const other = generateKeyPairSync("ed25519").publicKey;
    expect(await refusalOf(readKbin(out, { publicKey: other }))).toContain("is not signed by the key that was given");
    const unsigned = await packed();
    expect(await refusalOf(readKbin(unsigned.out, { publicKey }))).toContain("is not signed: its second entry");
  });

  it("is refused where a signed manifest came with other packages", async () => {
    const manifest = manifestOf([DEB]);
    const signature = { path: "bundle.json.sig", content: sign(null, manifest.content, privateKey) };
    const swapped = { path: DEB.name, content: Buffer.alloc(DEB.content.length, "x") };
    const { path } = archive([manifest, signature, swapped]);
    expect(await refusalOf(readKbin(path, { publicKey }))).toContain("as bundle.json says");
  });

  it("keeps a failure of who takes the packages for what it is", async () => {
    const { out, sha256 } = await packed();
    const broken = readKbin(out, { sha256 }, () => Promise.reject(new RangeError("the disk is full")));
    await expect(broken).rejects.toThrow(new RangeError("the disk is full"));
  });

  it("needs something that proves it", async () => {
    const { out } = await packed();
    await expect(readKbin(out, {})).rejects.toThrow(TypeError);
  });
});

describe("what is no archive of packages", () => {
  const zeros = Buffer.alloc(40 * 1024 * 1024);
  it.each<[string, () => { path: string; proof: KbinProof }, string]>([
    ["no archive", () => file(Buffer.from("MZ\u0000 an installer")), "is no archive of packages"],
    ["an empty file", () => file(Buffer.alloc(0)), "is no archive of packages"],
    ["compressed rubbish", () => file(gzipSync(Buffer.from("rubbish".repeat(1_000)))), "is no archive of packages"],
    [
      "cut off",
      () => file(readFileSync(archive([manifestOf([DEB]), entryOf(DEB)]).path).subarray(0, 200)),
      "no archive",
    ],
    ["no manifest first", () => archive([entryOf(DEB)]), "begins with ampagent"],
    ["a manifest that is no JSON", () => archive([{ path: "bundle.json", content: Buffer.from("{") }]), "is not JSON"],
    ["another format", () => archive([{ path: "bundle.json", content: Buffer.from('{"format":2}') }]), "format"],
    [
      "a manifest that is too long",
      () => archive([{ path: "bundle.json", content: zeros.subarray(0, 1024 ** 2 + 1) }]),
      "at most",
    ],
    ["no package", () => archive([manifestOf([])]), "packages: expected at least 1 item"],
    [
      "a path out of it",
      () => archive([manifestOf([{ ...DEB, name: "../x.deb" }])]),
      "expected the bare name of a file",
    ],
    [
      "a path out of it beside",
      () => archive([manifestOf([DEB]), { path: `../${DEB.name}`, content: DEB.content }]),
      "does not name",
    ],
    [
      "an absolute path",
      () => archive([manifestOf([DEB]), { path: "/etc/passwd", content: DEB.content }]),
      "does not name",
    ],
    ["a folder", () => archive([manifestOf([DEB]), { path: "sub/" }]), "only plain files"],
    ["a package that is missing", () => archive([manifestOf([DEB, RPM]), entryOf(DEB)]), `does not hold ${RPM.name}`],
    ["a package too many", () => archive([manifestOf([DEB]), entryOf(DEB), entryOf(RPM)]), "does not name"],
    ["a package twice", () => archive([manifestOf([DEB]), entryOf(DEB), entryOf(DEB)]), "twice"],
    ["a name twice", () => archive([manifestOf([DEB, DEB]), entryOf(DEB)]), "a package is named twice"],
    ["another size", () => archive([manifestOf([DEB]), { path: DEB.name, content: RPM.content }]), "bytes, not"],
    [
      "another content",
      () => archive([manifestOf([{ ...DEB, content: Buffer.alloc(DEB.content.length) }]), entryOf(DEB)]),
      "SHA-256",
    ],
    [
      "a bomb",
      () => archive([manifestOf([{ ...DEB, content: zeros }]), { path: DEB.name, content: zeros }]),
      "times its size",
    ],
    [
      "a checksum that is another's",
      () => ({ ...archive([manifestOf([DEB]), entryOf(DEB)]), proof: { sha256: "0".repeat(64) } }),
      "not the file that was meant",
    ],
    ["no file", () => ({ path: join(folder(), "none.kbin"), proof: { sha256: "0".repeat(64) } }), "there is no file"],
  ])("is refused: %s", async (_title, make, message) => {
    const { path, proof } = make();
    const said = await refusalOf(readKbin(path, proof));
    expect(said).toContain(message);
    // Of twenty archives in a source, the one that is meant.
    expect(said).toContain(path);
  });

  it("is refused where it holds a link", async () => {
    const { path } = archive([manifestOf([DEB]), entryOf(DEB)]);
    const tar = tarArchive(
      [
        { ...manifestOf([DEB]), mode: 0o644 },
        { path: DEB.name, mode: 0o644, content: Buffer.alloc(0) },
      ],
      new Date(0),
    );
    // The type of the second header, behind the manifest's header and content.
    const at = 512 + Math.ceil(manifestOf([DEB]).content.length / 512) * 512;
    tar.write("2", at + 156, "latin1");
    tar.write("/etc/passwd", at + 157, "latin1");
    tar.write(" ".repeat(8), at + 148, "latin1");
    const sum = tar.subarray(at, at + 512).reduce((total, byte) => total + byte, 0);
    tar.write(`${sum.toString(8).padStart(6, "0")}\0 `, at + 148, "latin1");
    const bytes = gzipSync(tar);
    writeFileSync(path, bytes);
    expect(await refusalOf(readKbin(path, { sha256: digest(bytes) }))).toContain("only plain files");
  });
});
