import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, it, onTestFinished } from "vitest";
import { ENVIRONMENT_OF_SERVE, NODE_OPTIONS_OF_SERVE, unitOf } from "../../provider/cli/serve-unit.ts";
import { findOnPath } from "../../tools/process/path.ts";

const KACE = fileURLToPath(new URL("../../bin/kace", import.meta.url));
const run = promisify(execFile);

describe("the unit that kace serve prints", { timeout: 300_000 }, () => {
  it("runs this program with the options that were given", async () => {
    const { stdout } = await run(KACE, ["serve", "--name", "kbox.corp.example", "--port", "9443", "--print-unit"]);
    expect(stdout).toMatch(
      /^ExecStart=\S*node --max-semi-space-size=8 \S+\/provider\/cli\/main\.ts --database \/var\/lib\/pulumi-kace serve --host 0\.0\.0\.0 --port 9443 --log-format text --name kbox\.corp\.example$/m,
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

  it.each(["bin/kace", "tools/build/plugin/kace"])("starts Node as %s does", async (path) => {
    const launcher = await readFile(new URL(`../../${path}`, import.meta.url), "utf8");
    const { stdout } = await run(KACE, ["serve", "--print-unit"]);
    expect(launcher).toContain(`\nexport ${ENVIRONMENT_OF_SERVE}\n`);
    expect(stdout).toContain(`\nEnvironment=${ENVIRONMENT_OF_SERVE}\n`);
    expect(launcher).toMatch(new RegExp(`^exec "?\\$?node"? ${NODE_OPTIONS_OF_SERVE.join(" ")} `, "m"));
    expect(stdout).toMatch(new RegExp(`^ExecStart=\\S*node ${NODE_OPTIONS_OF_SERVE.join(" ")} `, "m"));
  });

  it.each([
    ["a path with a blank", "/opt/my kace/kace.mjs", '"/opt/my kace/kace.mjs"'],
    ["a percent sign", "/opt/100%/kace", "/opt/100%%/kace"],
    ["a dollar sign and a quote", '/opt/$x"', '"/opt/$$x\\""'],
  ])("means %s as it is", (_what, word, written) => {
    expect(unitOf({ command: ["/usr/bin/node", word] })).toContain(`ExecStart=/usr/bin/node ${written}\n`);
  });
});
