import { createHash } from "node:crypto";
import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import type { Appliance } from "../../provider/appliance/appliance.ts";
import { openLocal } from "../../provider/appliance/local/local.ts";
import { runKace } from "../../provider/cli/program.ts";
import { freshFolder } from "../appliance/update-source/archives.ts";

async function put(appliance: Appliance, fileName: string, loaded: boolean): Promise<string> {
  const content = Buffer.from(`the content of ${fileName}`);
  const sha256 = createHash("sha256").update(content).digest("hex");
  async function* bytes(): AsyncGenerator<Uint8Array> {
    yield content;
  }
  await appliance.putPackage(sha256, content.length, bytes());
  const file = {
    platform: "linux",
    architecture: "amd64",
    format: "deb",
    version: "1",
    sha256,
    sizeBytes: content.length,
  };
  const { id } = await appliance.saveBundle({
    name: fileName,
    version: "1",
    flavour: "reference",
    packages: [{ ...file, fileName }],
    loaded,
  });
  return id;
}

it("an agent's package is fetched under the name that holds its server and its token", {
  timeout: 120_000,
}, async () => {
  const folder = await freshFolder();
  const appliance = await openLocal({ folder: join(folder, "appliance") });
  await put(appliance, "kace-reference-agent_1.4.2_amd64.deb", true);
  await put(appliance, "kace-reference-agent_1.5.0_amd64.deb", true);
  const later = await put(appliance, "kace-reference-agent_1.6.0_amd64.deb", false);
  const { value } = await appliance.createToken({ name: "agents" });
  const old = await appliance.createToken({ name: "old" });
  await appliance.updateToken({ id: old.id, expiresAt: "2020-01-01T00:00:00Z" });
  await appliance.close();
  await writeFile(join(folder, "token"), `${value}\n`);
  await writeFile(join(folder, "old"), old.value);
  await writeFile(join(folder, "empty"), "\n");
  const kace = async (...args: readonly string[]) => {
    const [out, err]: [string[], string[]] = [[], []];
    const exitCode = await runKace(["--database", join(folder, "appliance"), ...args], {
      terminal: { out: (text) => void out.push(text), err: (text) => void err.push(text) },
      environment: {},
      signal: new AbortController().signal,
    });
    return { exitCode, out: out.join("\n"), err: err.join("\n") };
  };
  const given = [
    "installer",
    "--server",
    "kbox.example",
    "--server-port",
    "8443",
    "--token-file",
    join(folder, "token"),
  ];
  const out = join(folder, "out");
  const fetched = await kace(...given, "--form", "fileName", "--out", out);
  const name = `kace-reference-agent_1.5.0_amd64_kbox.example~8443+${value}.deb`;
  expect(fetched).toMatchObject({ exitCode: 0, out: `dpkg -i './${name}'` });
  expect(await readdir(out)).toEqual([name]);
  expect(await readFile(join(out, name), "utf8")).toBe("the content of kace-reference-agent_1.5.0_amd64.deb");
  expect((await kace(...given)).out).toMatch(/^KACE_SERVER='kbox\.example:8443' KACE_TOKEN=/);
  expect(JSON.parse((await kace("--json", ...given, "--agent-version", "1.4.2")).out)).toMatchObject({
    version: "1.4.2",
    server: "kbox.example:8443",
    forms: [{ form: "environment" }, { form: "fileName" }, { form: "arguments" }],
  });
  const noServer = await kace("installer");
  expect(noServer).toMatchObject({ exitCode: 1, err: expect.stringContaining("agents have no server to connect to") });
  for (const [args, expected] of [
    [
      [...given, "--agent-version", "1.6.0"],
      "no loaded bundle has a package for linux amd64 1.6.0; there is 1.4.2, 1.5.0",
    ],
    [[...given, "--platform", "windows"], "no loaded bundle has a package for windows amd64"],
    [[...given, "--bundle", "bundle-x"], "there is no bundle bundle-x"],
    [
      [...given, "--bundle", later],
      'the bundle "kace-reference-agent_1.6.0_amd64.deb" is not loaded\n  `kace bundle load kace-reference-agent_1.6.0_amd64.deb` loads it',
    ],
    [["installer", "--token-file", join(folder, "none")], "--token-file: there is no file"],
    [["installer", "--token-file", join(folder, "empty")], `${join(folder, "empty")} is empty`],
    [[...given, "--out", join(folder, "no", "folder")], `--out: there is no folder ${join(folder, "no")}`],
  ] as const) {
    const refused = await kace(...args);
    expect(refused).toMatchObject({ exitCode: 2, out: "", err: expect.stringContaining(expected) });
    expect(refused.err).not.toContain(value);
  }
  await rm(join(folder, "appliance", "packages"), { recursive: true });
  expect(await kace(...given, "--out", join(folder, "lost"))).toMatchObject({
    exitCode: 1,
    err: expect.stringContaining("is not on this appliance"),
  });
});
