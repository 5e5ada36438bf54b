import { createHash } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { type BundleSource, bundleFilesOf, measureFile } from "../../provider/resources/bundle-files.ts";

const A = "a".repeat(64);
const B = "B".repeat(64);

describe("the files of a bundle", () => {
  it.each<[string, BundleSource, readonly object[]]>([
    [
      "one by one, absolute or from the program's folder",
      {
        files: [
          { path: "packages/one.deb", sha256: A },
          { path: "/srv/two.rpm", sha256: B },
        ],
      },
      [
        { fileName: "one.deb", path: "/program/packages/one.deb", sha256: A, at: ["files", 0] },
        { fileName: "two.rpm", path: "/srv/two.rpm", sha256: B.toLowerCase(), at: ["files", 1] },
      ],
    ],
    [
      "as sha256sum names them: in text or binary mode, with either kind of line end, with empty lines",
      { folder: "packages", checksums: `${A}  one.deb\r\n\r\n${B} *./two words.rpm\n` },
      [
        { fileName: "one.deb", path: "/program/packages/one.deb", sha256: A, at: ["checksums"] },
        { fileName: "two words.rpm", path: "/program/packages/two words.rpm", sha256: B.toLowerCase() },
      ],
    ],
    [
      "both ways at once",
      { files: [{ path: "one.deb", sha256: A }], folder: "p", checksums: `${B}  two.deb` },
      [{ fileName: "one.deb" }, { fileName: "two.deb", path: "/program/p/two.deb" }],
    ],
  ])("are named %s", (_title, source, files) => {
    expect(bundleFilesOf(source, "/program")).toMatchObject({ problems: [], files });
  });

  it.each<[string, BundleSource, string, string]>([
    ["none", {}, "files", "expected at least one package"],
    ["an empty list", { files: [] }, "files", "expected at least one package"],
    ["a folder without checksums", { folder: "p" }, "checksums", "expected the text of the folder's SHA256SUMS file"],
    ["checksums without a folder", { checksums: `${A}  one.deb` }, "folder", "expected the folder"],
    ["a line that is none", { folder: "p", checksums: "one.deb" }, "checksums", "line 1 is not a checksum"],
    ["a short checksum", { folder: "p", checksums: `\nabc  one.deb` }, "checksums", "line 2 is not a checksum"],
    ["a way out of the folder", { folder: "p", checksums: `${A}  ../one.deb` }, "checksums", "line 1 is not"],
    ["a folder below", { folder: "p", checksums: `${A}  sub/one.deb` }, "checksums", "line 1 is not"],
    [
      "one file twice",
      {
        files: [
          { path: "a/one.deb", sha256: A },
          { path: "b/one.deb", sha256: B },
        ],
      },
      "files[1]",
      "one.deb is named twice",
    ],
  ])("are refused: %s", (_title, source, at, reason) => {
    const { problems } = bundleFilesOf(source, "/program");
    expect(problems).toHaveLength(1);
    expect(problems[0]?.reason).toContain(reason);
    const [property, index] = problems[0]?.path ?? [];
    expect(index === undefined ? property : `${property}[${index}]`).toBe(at);
  });
});

describe("a file of a bundle", () => {
  it("is read through: right, another one than was meant, missing, or no file at all", async () => {
    const folder = await mkdtemp(join(tmpdir(), "kace-bundle-"));
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    const path = join(folder, "one.deb");
    await writeFile(path, "package");
    const sha256 = createHash("sha256").update("package").digest("hex");
    const file = { fileName: "one.deb", path, sha256, at: ["files", 0] };
    expect(await measureFile(file)).toEqual({ kind: "right", sizeBytes: 7 });
    expect(await measureFile({ ...file, sha256: A })).toEqual({
      kind: "wrong",
      message: `one.deb has the SHA-256 ${sha256}, not ${A}: it is not the file that was meant`,
    });
    expect(await measureFile({ ...file, path: `${path}.gone` })).toEqual({
      kind: "missing",
      message: `${path}.gone cannot be read: there is no such file`,
    });
    expect(await measureFile({ ...file, path: folder })).toMatchObject({
      kind: "wrong",
      message: expect.stringContaining(`${folder} cannot be read: EISDIR`),
    });
  });
});
