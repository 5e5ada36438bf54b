import { generateKeyPairSync } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { keepUpdates } from "../../provider/appliance/update-source/keep.ts";
import { runKace } from "../../provider/cli/program.ts";
import { startTestServer } from "../appliance/server/running.ts";
import { archiveOf, freshFolder, listSums } from "../appliance/update-source/archives.ts";

/** @param options that every command gets */
function kaceWith(options: readonly string[], environment: NodeJS.ProcessEnv = {}) {
  return async (...args: readonly string[]) => {
    const [out, err]: [string[], string[]] = [[], []];
    const exitCode = await runKace([...options, ...args], {
      terminal: { out: (text) => void out.push(text), err: (text) => void err.push(text) },
      environment,
      signal: new AbortController().signal,
    });
    return { exitCode, out: out.join("\n"), err: err.join("\n") };
  };
}

it("newer agents are looked for, downloaded, and loaded by an act of its own, per organization", {
  timeout: 120_000,
}, async () => {
  const kace = kaceWith(["--database", join(await freshFolder(), "appliance")]);
  const source = await freshFolder();
  await listSums(source, [await archiveOf(source, "1.6.0")]);
  await kace("orgs", "create", "berlin");
  expect(await kace("bundle", "check")).toMatchObject({ exitCode: 1, err: expect.stringContaining("no source") });
  expect((await kace("bundle", "source", "--set", source, "--check-at", "04:15")).out).toMatch(
    /^checked daily at +04:15$/m,
  );
  const checked = await kace("bundle", "check");
  expect(checked).toMatchObject({ exitCode: 0, err: "" });
  const [, id = ""] = /^loaded +no: `kace bundle load (download-[0-9a-f]+)`$/m.exec(checked.out) ?? [];
  expect(id).not.toBe("");
  expect((await kace("bundle", "list")).out).toMatch(/^reference 1\.6\.0 +reference +1\.6\.0 +1 +\S+Z +no +download-/m);
  expect((await kace("--organization", "berlin", "bundle", "load", "1.6.0")).err).toMatch(/^loaded reference 1\.6\.0/);
  expect((await kace("--organization", "berlin", "bundle", "list")).out).toMatch(/ \S+Z +\S+Z +bundle-/);
  expect((await kace("bundle", "list")).out).toContain(id);
  expect((await kace("bundle", "load", id)).exitCode).toBe(0);
  expect((await kace("bundle", "unload", "reference 1.6.0")).err).toContain("is not loaded any more");
  expect(JSON.parse((await kace("--json", "bundle", "list")).out)).toMatchObject([
    { name: "reference 1.6.0", downloadedAt: expect.any(String) },
  ]);
  expect((await kace("bundle", "source", "--none")).out).toContain("updates are not looked for");
});

it("a source that cannot be right is refused, and what is wrong at a check is shown", {
  timeout: 120_000,
}, async () => {
  const folder = await freshFolder();
  const kace = kaceWith(["--database", join(folder, "appliance")]);
  await kace("orgs", "create", "berlin");
  const { publicKey } = generateKeyPairSync("x25519");
  await writeFile(join(folder, "x.pub"), publicKey.export({ type: "spki", format: "pem" }));
  for (const [args, expected] of [
    [
      ["--set", "http://updates.example/index.json"],
      "--set: a source of updates is an absolute path or an https address",
    ],
    [
      ["--set", "https://user:secret-canary@updates.example/"],
      "--set: the address of a source of updates has neither a user nor a password",
    ],
    [["--set", folder, "--public-key", join(folder, "x.pub")], "holds no Ed25519 public key"],
    [["--set", folder, "--source-ca", join(folder, "x.pub")], "holds no certificate"],
    [["--set", folder, "--check-at", "25:00"], "--check-at: expected a time of day"],
    [["--set", folder, "--none"], "either a source or none"],
    [["--public-key", join(folder, "none.pub")], "--public-key: there is no file"],
  ] as const) {
    const refused = await kace("bundle", "source", ...args);
    expect(refused).toMatchObject({ exitCode: 2, err: expect.stringContaining(expected) });
    expect(refused.err).not.toContain("secret-canary");
  }
  expect((await kace("bundle", "source")).out).toContain("updates are not looked for");
  await kace("bundle", "source", "--set", join(folder, "gone"));
  expect(await kace("bundle", "check")).toMatchObject({
    exitCode: 3,
    out: expect.stringMatching(/^what was wrong .*gone cannot be read/m),
  });
  expect((await kace("bundle", "load", "9.9")).err).toContain("no bundle of version 9.9");
  expect((await kace("bundle", "unload", "nobody")).err).toContain("there is no bundle nobody");
});

it("`kace bundle check` of another machine waits for the server to look", { timeout: 120_000 }, async () => {
  const server = await startTestServer();
  onTestFinished(() => server.remove());
  const source = await freshFolder();
  await listSums(source, [await archiveOf(source, "2.0.0")]);
  const keeping = await keepUpdates(server.appliance, { now: Date.now, timezone: "UTC", log: () => undefined });
  onTestFinished(() => keeping.stop());
  const caFile = join(source, "ca.pem");
  await writeFile(caFile, server.ca);
  const kace = kaceWith(["--endpoint", server.endpoint, "--ca-certificate", caFile], {
    KACE_API_TOKEN: await server.apiToken(),
  });
  await kace("bundle", "source", "--set", source);
  expect(await kace("bundle", "check")).toMatchObject({ exitCode: 0, out: expect.stringContaining("reference 2.0.0") });
});
