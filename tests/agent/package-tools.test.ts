import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";

const text = (name: string) => readFileSync(new URL(`../../provider/agent/scripts/${name}`, import.meta.url), "utf8");

interface Tools {
  /** Shell text of programs that stand before the machine's own. */
  readonly programs?: Readonly<Record<string, string>>;
  /** Bends the scripts. */
  readonly edit?: (script: string) => string;
}

/** Runs shell text with the functions of packages.sh, in a folder of its own, which is `$STAGE` too. */
function run(script: string, { programs = {}, edit = (whole) => whole }: Tools = {}): string {
  const folder = mkdtempSync(join(tmpdir(), "kace-packages-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const bin = join(folder, "bin");
  mkdirSync(bin);
  for (const [name, body] of Object.entries(programs)) {
    writeFileSync(join(bin, name), `#!/bin/sh\n${body}\n`);
    chmodSync(join(bin, name), 0o755);
  }
  const functions = [text("lines.sh"), text("packages.sh")].join("\n");
  return execFileSync("sh", ["-c", edit(`${functions}\nstep() { echo "step: $1"; }\n${script}`)], {
    encoding: "utf8",
    cwd: folder,
    env: { PATH: `${bin}:${process.env.PATH ?? ""}`, STAGE: folder, PK_INSTALL_S: "120" },
  });
}

/** `rpm` by itself, and as nobody, which `setpriv` makes it: what each says and ends with. */
function rpmThatSays(nobody: readonly [words: string, exitCode: number], root: readonly [string, number]) {
  const say = ([words, exitCode]: readonly [string, number]) => `echo '${words}'; exit ${exitCode}`;
  return { setpriv: `echo nobody >>asked; ${say(nobody)}`, rpm: `echo root >>asked; ${say(root)}` };
}

describe("what rpm says of a package", () => {
  const LOOK = 'rpm_look agent && echo "found $_answer" || echo absent; cat asked';

  test.each([
    ["is asked for by nobody, who cannot write", ["1.4.2", 0], ["9", 0], "found 1.4.2\nnobody\n"],
    ["is believed where it is not there", ["package agent is not installed", 1], ["9", 0], "absent\nnobody\n"],
    [
      "is asked for again where nobody gets no clear answer",
      ["error: cannot open Packages database", 1],
      ["1.4.2", 0],
      "found 1.4.2\nnobody\nroot\n",
    ],
    ["is absent where both fail", ["error", 1], ["error", 1], "absent\nnobody\nroot\n"],
  ] as const)("%s", (_how, nobody, root, said) => {
    expect(run(LOOK, { programs: rpmThatSays(nobody, root) })).toBe(said);
  });
});

describe("what dpkg's database says of a package", () => {
  const paragraph = (name: string, status: string, version?: string) =>
    [
      `Package: ${name}`,
      `Status: ${status}`,
      "Architecture: amd64",
      ...(version ? [`Version: ${version}`] : []),
      "",
      "",
    ].join("\n");
  const DATABASE = [
    paragraph("agent-tools", "install ok installed", "9.9"),
    paragraph("agent", "install ok installed", "1.4.2-1"),
    paragraph("torn", "install reinstreq half-installed", "1.0"),
    paragraph("removed", "deinstall ok config-files", "0.9"),
    paragraph("forgotten", "unknown ok not-installed"),
  ].join("");
  const edit = (script: string) => script.replaceAll("/var/lib/dpkg/", "database/");
  const programs = { "dpkg-query": `echo asked >>asked; printf 'installed 2.0'` };
  const look = (name: string, before = "") =>
    `mkdir -p database/updates
cat >database/status <<'EOF'
${DATABASE}EOF
${before}
package_look ${name}; echo "$PACKAGE_STATE $PACKAGE_VERSION"; [ ! -e asked ] || cat asked`;

  test.each([
    ["agent", "installed 1.4.2-1\n"],
    ["agent-tools", "installed 9.9\n"],
    ["torn", "broken 1.0\n"],
    ["removed", "absent \n"],
    ["forgotten", "absent \n"],
    ["tools", "absent \n"],
  ])("of %s", (name, said) => {
    const rpm = "exit 1"; // a machine may have both
    expect(run(look(name), { programs: { ...programs, rpm, setpriv: rpm }, edit })).toBe(said);
  });

  test.each([
    ["while dpkg works, and what it did is not in there yet", ": >database/updates/0001"],
    ["where there is no such file", "rm database/status"],
  ])("is asked of dpkg-query %s", (_when, before) => {
    expect(run(look("agent", before), { programs, edit })).toBe("installed 2.0\nasked\n");
  });
});

describe("a package manager that somebody else is using", () => {
  /** Fails so often before it succeeds. */
  const busy = (words: string, times: number) =>
    `echo x >>tries; [ "$(wc -l <tries)" -gt ${times} ] && exit 0; echo '${words}' >&2; exit 1`;
  const INSTALL = ': >"$STAGE/log"; patiently rpm -U agent.rpm; echo "ended $RC after $(wc -l <tries)"';

  test.each([
    "error: can't create transaction lock on /var/lib/rpm/.rpm.lock (Resource temporarily unavailable)",
    "warning: waiting for transaction lock on /var/lib/rpm/.rpm.lock",
    "dpkg: error: dpkg frontend lock was locked by another process with pid 4242",
  ])("is waited for: %s", (words) => {
    // Quotes would end the words.
    const said = run(INSTALL, { programs: { rpm: busy(words.replace("'", ""), 1) } });
    expect(said).toBe("step: another process is using the package manager, waiting for it\nended 0 after 2\n");
  });

  test("is told from one that fails for another reason, which is not tried again", () => {
    const said = run(INSTALL, { programs: { rpm: busy("error: agent.rpm: not an rpm package", 9) } });
    expect(said).toBe("ended 1 after 1\n");
  });
});

test.each([
  ["linux-image\nagent\n", "due"],
  ["agent-extras\n", "not due"],
  ["agen.\n", "not due"],
  [undefined, "not due"],
])("a restart after packages %j is %s", (list, said) => {
  const place = "reboot-required.pkgs";
  const write = list === undefined ? "" : `printf '${list.replaceAll("\n", "\\n")}' >${place}\n`;
  const own = /\/run\/reboot-required\.pkgs/g;
  const edit = (whole: string) => whole.replace(own, place);
  expect(text("packages.sh")).toMatch(own);
  expect(run(`${write}restart_is_due agent && echo due || echo "not due"`, { edit })).toBe(`${said}\n`);
});
