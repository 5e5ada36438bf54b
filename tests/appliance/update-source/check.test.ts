import { generateKeyPairSync } from "node:crypto";
import { readdir, rename, symlink, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { openLocal } from "../../../provider/appliance/local/local.ts";
import { checkForUpdates } from "../../../provider/appliance/update-source/check.ts";
import { archiveOf, freshFolder, listSums } from "./archives.ts";

const { publicKey, privateKey } = generateKeyPairSync("ed25519");
const PEM = publicKey.export({ type: "spki", format: "pem" }).toString();

/** An appliance, and a directory that it looks into. */
async function site(more: { readonly publicKey?: string } = {}) {
  const folder = await freshFolder();
  const source = await freshFolder();
  const appliance = await openLocal({ folder });
  onTestFinished(() => appliance.close());
  await appliance.setUpdateSource({ location: source, ...more });
  const check = () =>
    checkForUpdates(appliance, {
      folder: join(folder, "updates"),
      now: Date.now,
      signal: new AbortController().signal,
    });
  const versions = async () => (await appliance.getUpdates({})).downloads.map(({ version }) => version);
  const contents = () => readdir(join(folder, "packages")).catch(() => []);
  return { appliance, source, check, versions, contents, folder };
}

it("downloads the newest agents of a directory first, then whatever is newer, and loads nothing", async () => {
  const { appliance, source, check, versions } = await site();
  const archives = [await archiveOf(source, "1.9.0"), await archiveOf(source, "1.10.0")];
  await listSums(source, archives);
  expect(await check()).toMatchObject({ fault: undefined, downloaded: [{ name: "reference 1.10.0" }] });
  expect(await check()).toEqual({ downloaded: [], fault: undefined });
  // Between the two, and newer than both.
  archives.push(await archiveOf(source, "1.9.5"), await archiveOf(source, "1.11.0"), await archiveOf(source, "1.12.0"));
  await listSums(source, archives);
  await check();
  expect(await versions()).toEqual(["1.10.0", "1.11.0", "1.12.0"]);
  expect((await appliance.listBundles({})).bundles).toEqual([]);
  const [download] = (await appliance.getUpdates({})).downloads;
  const loaded = await appliance.loadBundle({ id: download?.id });
  expect(loaded).toMatchObject({ version: "1.10.0", downloadedAt: download?.downloadedAt });
  const [deb] = loaded.packages;
  const { stream } = await appliance.openPackage(deb?.sha256 ?? "");
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  expect(Buffer.concat(chunks).toString()).toBe("the agent 1.10.0");
});

it("takes nothing from a directory that is not proved, not an archive, or behind a link", async () => {
  const { source, check, contents, versions } = await site();
  const elsewhere = await freshFolder();
  const outside = await archiveOf(elsewhere, "3.0.0");
  const [altered, named, stranger] = [
    await archiveOf(source, "1.1.0"),
    await archiveOf(source, "1.2.0", { named: "holiday.deb" }),
    await archiveOf(source, "1.3.0"),
  ];
  await truncate(altered.path, altered.sizeBytes - 3);
  await symlink(outside.path, join(source, outside.fileName));
  await writeFile(join(source, "notes.txt"), "no archive");
  await writeFile(join(source, "rubbish.kbin"), "no archive either");
  await listSums(source, [altered, named, outside]);
  const { downloaded, fault } = await check();
  expect(downloaded).toEqual([]);
  expect(fault).toContain("agents-1.1.0.kbin has the SHA-256");
  expect(fault).toMatch(/holiday\.deb in \S+\.kbin is not named like an agent's package/);
  expect(fault).toContain("agents-1.3.0.kbin is not named in SHA256SUMS");
  expect(fault).toContain("rubbish.kbin is not named in SHA256SUMS");
  expect(fault).not.toContain("3.0.0");
  expect(await versions()).toEqual([]);
  expect(await contents()).toEqual([]);
  // What is put right is taken by the next check.
  await listSums(source, [stranger]);
  await rename(join(source, "rubbish.kbin"), join(source, "rubbish"));
  expect((await check()).downloaded).toMatchObject([{ version: "1.3.0" }]);
});

it("takes signed archives by their key, and no others", async () => {
  const { source, check, versions } = await site({ publicKey: PEM });
  await archiveOf(source, "2.0.0");
  await archiveOf(source, "2.1.0", { key: generateKeyPairSync("ed25519").privateKey });
  await archiveOf(source, "1.0.0", { key: privateKey });
  const { fault } = await check();
  expect(fault).toContain("agents-2.0.0.kbin is not signed");
  expect(fault).toContain("agents-2.1.0.kbin is not signed by the key that was given");
  expect(await versions()).toEqual(["1.0.0"]);
});

it("brings no more than ten archives in one check, the newest ones", async () => {
  const { source, check, versions } = await site();
  const archives = [await archiveOf(source, "1.0.0")];
  await listSums(source, archives);
  await check();
  for (let minor = 1; minor <= 12; minor++) archives.push(await archiveOf(source, `1.${minor}.0`));
  await listSums(source, archives);
  await check();
  expect(await versions()).toEqual(["1.0.0", ...Array.from({ length: 10 }, (_, index) => `1.${index + 3}.0`)]);
});

it("counts what was uploaded among what is here", async () => {
  const { appliance, source, check, versions } = await site();
  await appliance.saveBundle({ name: "ours", version: "1.5.0", flavour: "reference", packages: [] });
  await listSums(source, [await archiveOf(source, "1.4.0"), await archiveOf(source, "1.5.0")]);
  await check();
  expect(await versions()).toEqual([]);
});

it("says when a directory cannot be read, and forgets it once it can", async () => {
  const { appliance, source, check } = await site();
  await appliance.setUpdateSource({ location: join(source, "gone") });
  expect((await check()).fault).toContain("gone cannot be read");
  expect(await appliance.getUpdates({})).toMatchObject({ fault: expect.stringContaining("ENOENT") });
  await appliance.setUpdateSource({ location: source });
  expect((await appliance.getUpdates({})).fault).toBeUndefined();
  expect((await check()).fault).toBeUndefined();
});
