import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, it, onTestFinished } from "vitest";
import { unitOf } from "../../provider/cli/serve-unit.ts";
import { findOnPath } from "../../tools/process/path.ts";

const KACE = fileURLToPath(new URL("../../bin/kace", import.meta.url));
const run = promisify(execFile);

describe("the unit that kace serve prints", { timeout: 300_000 }, () => {
  it("runs this program with the options that were given", async () => {
    const { stdout } = await run(KACE, ["serve", "--name", "kbox.corp.example", "--port", "9443", "--print-unit"]);
    expect(stdout).toMatch(
      /^ExecStart=\S*node \S+\/provider\/cli\/main\.ts --database \/var\/lib\/pulumi-kace serve --host 0\.0\.0\.0 --port 9443 --log-format text --name kbox\.corp\.example$/m,
    );
  });

  it.skipIf(findOnPath("systemd-analyze") === undefined)("is one that systemd takes", async () => {
    const folder = await mkdtemp(join(tmpdir(), "kace-unit-"));
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    const path = join(folder, "kace.service");
    const { stdout } = await run(KACE, ["serve", "--name", "kbox.corp.example", "--print-unit"]);
    await writeFile(path, stdout);
    const { stderr } = await run("systemd-analyze", ["verify", "--man=no", "--recursive-errors=no", path]);
    expect(stderr).not.toContain("kace.service");
  });

  it.each([
    ["a path with a blank", "/opt/my kace/kace.mjs", '"/opt/my kace/kace.mjs"'],
    ["a percent sign", "/opt/100%/kace", "/opt/100%%/kace"],
    ["a dollar sign and a quote", '/opt/$x"', '"/opt/$$x\\""'],
  ])("means %s as it is", (_what, word, written) => {
    expect(unitOf({ command: ["/usr/bin/node", word] })).toContain(`ExecStart=/usr/bin/node ${written}\n`);
  });
});
