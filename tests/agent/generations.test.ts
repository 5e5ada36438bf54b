import { execFile } from "node:child_process";
import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { expect, onTestFinished, test } from "vitest";
import { FLAVOURS, probe } from "../../provider/agent/agent.ts";
import { generationOf } from "../../provider/agent/generation.ts";
import type { Ended, Machine } from "../../provider/machines/machine.ts";

const run = promisify(execFile);
const { generations = [] } = FLAVOURS.quest;

test.each([
  ["4.9", undefined],
  ["5.3.1", "dell-5-7"],
  ["7.2.102", "dell-5-7"],
  ["8.0.152", "quest-8-13"],
  ["13.2.28", "quest-8-13"],
  ["14.0.1", "quest-14"],
  ["15.1.45", "quest-14"],
])("version %s is of the generation %s", (version, name) => {
  expect(generationOf(generations, version)?.name).toBe(name);
});

test("the shell functions know the places of every generation", () => {
  for (const { linux } of generations) {
    for (const path of [linux.programDirectory, linux.dataDirectory])
      expect(FLAVOURS.quest.script).toMatch(new RegExp(`${path}[ /']`));
    for (const service of linux.services) expect(FLAVOURS.quest.script).toContain(`SERVICE=${service}`);
  }
});

/** A machine whose /opt and /var of the vendor's agent lie in a folder of the test. */
async function machineWith(files: Readonly<Record<string, string>>, shell: string): Promise<Machine> {
  const root = await mkdtemp(join(tmpdir(), "kace-generations-"));
  onTestFinished(() => rm(root, { recursive: true, force: true }));
  for (const [name, content] of Object.entries(files)) {
    const path = join(root, name);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, content);
    await chmod(path, 0o755);
  }
  return {
    address: "played",
    dialect: "posix",
    runScript: async ({ script, variables }): Promise<Ended> => {
      const assignments = Object.entries(variables ?? {}).map(([name, value]) => `${name}='${value}'\n`);
      const elsewhere = script.replace(/\/(opt|var)\/(dell|quest)\//g, `${root}/$1/$2/`);
      const { stdout, stderr } = await run(shell, ["-c", assignments.join("") + elsewhere]);
      return { exitCode: 0, stdout, stderr, truncated: false };
    },
    put: () => Promise.reject(new Error("a look puts nothing")),
    close: () => Promise.resolve(),
  };
}

const DELL = {
  "opt/dell/kace/bin/AMPTools": "",
  "var/dell/kace/version": "5.3.53177\n",
  "var/dell/kace/amp.conf": "host=kbox.old.example\n",
};
const QUEST = {
  "opt/quest/kace/bin/konea": "",
  "var/quest/kace/version": "10.2.108\n",
  "var/quest/kace/amp.conf": "host=kbox.corp.example\n",
};

test.each<[string, Readonly<Record<string, string>>, object]>([
  ["nothing", {}, { present: "no", version: undefined }],
  [
    "an agent of Dell's",
    DELL,
    { present: "yes", version: "5.3.53177", server: { host: "kbox.old.example", port: 443 } },
  ],
  ["one of Quest's", QUEST, { present: "yes", version: "10.2.108", server: { host: "kbox.corp.example", port: 443 } }],
  ["what an update left of Dell's beside Quest's", { ...DELL, ...QUEST }, { present: "yes", version: "10.2.108" }],
])("a machine with %s is known by it", async (_, files, expected) => {
  for (const shell of ["sh", "bash"]) {
    const machine = await machineWith(files, shell);
    const seen = await probe(machine, { flavours: [FLAVOURS.quest], configurationId: "c" });
    expect(seen.agents).toMatchObject([{ flavour: "quest", ...expected }]);
  }
});
