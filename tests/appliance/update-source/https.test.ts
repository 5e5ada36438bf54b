import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readdir } from "node:fs/promises";
import type { ServerResponse } from "node:http";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it, onTestFinished } from "vitest";
import { openLocal } from "../../../provider/appliance/local/local.ts";
import { checkForUpdates } from "../../../provider/appliance/update-source/check.ts";
import { keepUpdates } from "../../../provider/appliance/update-source/keep.ts";
import { until } from "../server/running.ts";
import { type Archive, archiveOf, bytesOf, freshFolder, indexOf } from "./archives.ts";
import { indexServer } from "./index-server.ts";

const SLOW = { timeout: 180_000 };

/** What is at an address: its bytes, or whatever it does instead. */
type Page = Buffer | string | ((response: ServerResponse) => void);
type Pages = Map<string, Page>;

async function site(pages: Pages) {
  const server = await indexServer((path, response) => {
    const page = pages.get(path);
    if (typeof page === "function") page(response);
    else if (page === undefined) response.writeHead(404).end();
    else response.end(page);
  });
  const folder = await freshFolder();
  const appliance = await openLocal({ folder });
  onTestFinished(() => appliance.close());
  await appliance.setUpdateSource({ location: server.address, caCertificate: server.ca });
  const check = () =>
    checkForUpdates(appliance, {
      folder: join(folder, "updates"),
      now: Date.now,
      signal: new AbortController().signal,
    });
  return { appliance, check, server, folder };
}

async function archives(...versions: readonly string[]): Promise<(Archive & { readonly version: string })[]> {
  const folder = await freshFolder();
  return Promise.all(versions.map(async (version) => ({ ...(await archiveOf(folder, version)), version })));
}

it("downloads what an https index names, and fetches nothing that is not newer", SLOW, async () => {
  const [older, newer] = await archives("1.0.0", "1.1.0");
  if (older === undefined || newer === undefined) throw new Error("no archives");
  const pages: Pages = new Map<string, Page>([
    ["/agents/index.json", indexOf([older, newer])],
    [`/agents/${newer.fileName}`, await bytesOf(newer)],
  ]);
  const { check, server } = await site(pages);
  expect(await check()).toMatchObject({ fault: undefined, downloaded: [{ version: "1.1.0", sha256: newer.sha256 }] });
  expect(await check()).toEqual({ downloaded: [], fault: undefined });
  expect(server.asked).toEqual(["/agents/index.json", `/agents/${newer.fileName}`, "/agents/index.json"]);
});

it("says what is wrong with an index or an archive, keeps nothing of it, and tries again", SLOW, async () => {
  const [archive] = await archives("1.0.0");
  if (archive === undefined) throw new Error("no archive");
  const bytes = await bytesOf(archive);
  const pages: Pages = new Map();
  const { appliance, check, folder } = await site(pages);
  const at = `/agents/${archive.fileName}`;
  const cases: readonly (readonly [Page, Buffer | string, RegExp])[] = [
    ["no JSON", bytes, /is no index of archives: it is not JSON/],
    ['{"format":2,"bundles":[]}', bytes, /is no index of archives: format/],
    ['{"format":1}', bytes, /is no index of archives: bundles: expected array, received undefined/],
    [" ".repeat(4 * 1024 ** 2 + 1), bytes, /is larger than the 4194304 bytes expected/],
    [
      (response) => void response.writeHead(302, { location: "https://localhost/other" }).end(),
      bytes,
      /answered 302; it points to https:\/\/localhost\/other/,
    ],
    [indexOf([archive], { sha256: undefined }), bytes, /has no sha256 in the index/],
    [indexOf([archive], { file: "../../etc/passwd" }), bytes, /is no \.kbin beside the index/],
    [indexOf([archive], { file: "https://elsewhere.example/a.kbin" }), bytes, /is no \.kbin beside the index/],
    [indexOf([archive], { version: "1.0.1" }), bytes, /is said to be reference 1\.0\.1, and holds reference 1\.0\.0/],
    [indexOf([archive], { sizeBytes: bytes.length - 1 }), bytes, /is larger than the \d+ bytes expected/],
    [indexOf([archive], { sizeBytes: bytes.length + 1 }), bytes, /ended after \d+ of \d+ bytes/],
    [indexOf([archive]), Buffer.alloc(bytes.length), /has the SHA-256 .* as the index says/],
    [indexOf([archive]), "", /ended after 0 of/],
  ];
  for (const [index, content, expected] of cases) {
    pages.set("/agents/index.json", index).set(at, content);
    const { downloaded, fault } = await check();
    expect(fault).toMatch(expected);
    expect(downloaded).toEqual([]);
    expect((await appliance.getUpdates({})).downloads).toEqual([]);
    expect(await readdir(join(folder, "packages")).catch(() => [])).toEqual([]);
    expect(await readdir(join(folder, "updates"))).toEqual([]);
  }
  pages.set("/agents/index.json", indexOf([archive])).set(at, (response) => {
    response.writeHead(200, { "content-length": bytes.length });
    response.write(bytes.subarray(0, 100), () => response.destroy());
  });
  expect((await check()).fault).toMatch(/agents-1\.0\.0\.kbin: /);
  pages.set(at, bytes);
  expect((await check()).downloaded).toHaveLength(1);
});

it("trusts the authorities it knows and the one it was given, and no other", SLOW, async () => {
  const { appliance, check, server } = await site(new Map([["/agents/index.json", indexOf([])]]));
  expect((await check()).fault).toBeUndefined();
  await appliance.setUpdateSource({ caCertificate: null });
  expect((await check()).fault).toMatch(/certificate|self.signed/i);
  expect(server.asked).toEqual(["/agents/index.json"]);
});

const CHECKER = fileURLToPath(new URL("./checker.ts", import.meta.url));

it("loses nothing and keeps nothing half where it is killed in a download", SLOW, async () => {
  const [archive] = await archives("1.0.0");
  if (archive === undefined) throw new Error("no archive");
  const bytes = await bytesOf(archive);
  let isStalled = false;
  const pages: Pages = new Map<string, Page>([
    ["/agents/index.json", indexOf([archive])],
    [
      `/agents/${archive.fileName}`,
      (response) => {
        response.writeHead(200, { "content-length": bytes.length });
        response.write(bytes.subarray(0, 200), () => {
          isStalled = true;
        });
      },
    ],
  ]);
  const { appliance, folder } = await site(pages);
  const child: ChildProcess = spawn(process.execPath, [CHECKER, folder], { stdio: "inherit" });
  const ended = once(child, "exit");
  await until("the download has begun", async () => {
    const drafts = await readdir(join(folder, "updates"), { recursive: true }).catch(() => []);
    return isStalled && drafts.some((name) => name.endsWith(".kbin"));
  });
  child.kill("SIGKILL");
  await ended;
  expect((await appliance.getUpdates({})).downloads).toEqual([]);
  expect(await readdir(join(folder, "packages")).catch(() => [])).toEqual([]);

  pages.set(`/agents/${archive.fileName}`, bytes);
  const lines: string[] = [];
  const keeping = await keepUpdates(appliance, { now: Date.now, timezone: "UTC", log: (line) => lines.push(line) });
  onTestFinished(() => keeping.stop());
  await until("the next start has brought it", async () => (await appliance.getUpdates({})).downloads.length === 1);
  await until("it is said", () => lines.length > 0);
  expect(lines).toEqual([
    expect.stringMatching(/^a newer agent was downloaded, and is not loaded yet: reference 1\.0\.0/),
  ]);
  await keeping.stop();
  expect(await readdir(join(folder, "updates"))).toEqual([]);
});
