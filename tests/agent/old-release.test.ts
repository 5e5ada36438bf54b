import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { supportOf } from "../../provider/agent/support.ts";
import { TABLE_4_1 } from "../../provider/agent/support-tables.ts";

const text = (name: string) => readFileSync(new URL(`../../provider/agent/scripts/${name}`, import.meta.url), "utf8");

/** What the look says of a system that has these files in `/etc`, in every shell that is here. */
function said(files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), "kace-old-release-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
  const script = [text("lines.sh"), text("look.sh"), `NOTES=; look_old_release '${folder}'; say_notes`].join("\n");
  const [sh, ...others] = ["sh", "bash"].map((shell) => execFileSync(shell, ["-c", script], { encoding: "utf8" }));
  for (const other of others) expect(other).toBe(sh);
  return sh ?? "";
}

function notes(id: string, version: string, title: string): string {
  return `::kace os.ID=${id}\n::kace os.VERSION_ID=${version}\n::kace os.PRETTY_NAME=${title}\n`;
}

describe("a system from before os-release", () => {
  test.each([
    ["Red Hat Enterprise Linux Server release 5.11 (Tikanga)", "rhel", "5.11", "supported"],
    ["Red Hat Enterprise Linux AS release 4 (Nahant Update 9)", "rhel", "4", "supported"],
    ["Red Hat Enterprise Linux AS release 3 (Taroon Update 4)", "rhel", "3", "unsupported"],
    ["CentOS release 6.10 (Final)", "CentOS", "6.10", "unsupported"],
  ])("of Red Hat's line is known by its own file: %s", (line, id, version, kind) => {
    expect(said({ "redhat-release": `${line}\n`, "lsb-release": "LSB_VERSION=base-4.0\n" })).toBe(
      notes(id, version, line),
    );
    const system = { platform: "linux", distribution: id.toLowerCase(), version, architecture: "amd64" };
    expect(supportOf([TABLE_4_1], "5.4", system).kind).toBe(kind);
  });

  test.each([
    ["SUSE Linux Enterprise Server 11 (x86_64)\nVERSION = 11\nPATCHLEVEL = 4\n", "sles", "11.4", "supported"],
    ["SUSE Linux Enterprise Desktop 10 (i586)\nVERSION = 10\nPATCHLEVEL = 0\n", "sled", "10", "unsupported"],
    ["openSUSE 11.2 (x86_64)\nVERSION = 11.2", "opensuse", "11.2", "supported"],
  ])("of SUSE is known by its own file: %j", (content, id, version, kind) => {
    expect(said({ "SuSE-release": content })).toBe(notes(id, version, content.split("\n")[0] ?? ""));
    const system = { platform: "linux", distribution: id, version, architecture: "amd64" };
    expect(supportOf([TABLE_4_1], "5.4", system).kind).toBe(kind);
  });

  test("of Ubuntu is known by the file of the Linux Standard Base", () => {
    const content =
      'DISTRIB_ID=Ubuntu\nDISTRIB_RELEASE=10.04\nDISTRIB_CODENAME=lucid\nDISTRIB_DESCRIPTION="Ubuntu 10.04.4 LTS"\n';
    expect(said({ "lsb-release": content })).toBe(notes("Ubuntu", "10.04", '"Ubuntu 10.04.4 LTS"'));
    const system = { platform: "linux", distribution: "ubuntu", version: "10.04", architecture: "amd64" };
    expect(supportOf([TABLE_4_1], "5.4", system).kind).toBe("supported");
  });

  test("says nothing where there is no such file, or nothing in it", () => {
    expect(said({})).toBe("");
    expect(said({ "redhat-release": "" })).toBe("");
  });
});
