import { execFile } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { keepAuthorities } from "../../../provider/appliance/certificates/authority.ts";
import { givenCertificate } from "../../../provider/appliance/certificates/given.ts";
import { createAuthority, issueServerCertificate } from "../../../provider/appliance/certificates/issue.ts";
import { canonicalNames, isFor, namesOf } from "../../../provider/appliance/certificates/names.ts";
import { ownCertificate } from "../../../provider/appliance/certificates/own.ts";

const DAY_MS = 86_400_000;
const NOW = Date.UTC(2026, 5, 1);
const NAMES = ["kace.example", "10.1.2.3", "fd00::1"];

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "certificates-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe("the own certificate of a server", () => {
  it("is signed by an authority of ten years, whose key only its owner can read", async () => {
    const identity = await ownCertificate({ folder, names: NAMES, now: NOW });
    const authority = new X509Certificate(identity.authority ?? "");
    const certificate = new X509Certificate(identity.certificate);
    expect(certificate.verify(authority.publicKey)).toBe(true);
    expect(certificate.checkIssued(authority)).toBe(true);
    expect(authority.ca).toBe(true);
    expect(certificate.ca).toBe(false);
    expect(authority.publicKey.asymmetricKeyDetails).toEqual({ namedCurve: "prime256v1" });
    expect((authority.validToDate.getTime() - NOW) / DAY_MS).toBeGreaterThan(3_640);
    expect((certificate.validToDate.getTime() - certificate.validFromDate.getTime()) / DAY_MS).toBe(398);
    expect((await stat(join(folder, "authority.pem"))).mode & 0o777).toBe(0o600);
    expect((await stat(join(folder, "server.pem"))).mode & 0o777).toBe(0o600);
    expect(await readFile(join(folder, "ca.pem"), "utf8")).toBe(identity.authority);
    expect((await readdir(folder)).sort()).toEqual(["authority.pem", "ca.pem", "server.pem"]);
  });

  it.each(NAMES)("is for %s", async (name) => {
    const certificate = new X509Certificate((await ownCertificate({ folder, names: NAMES, now: NOW })).certificate);
    expect(isFor(certificate, name)).toBe(true);
    expect(isFor(certificate, "other.example")).toBe(false);
    expect(isFor(certificate, "10.1.2.4")).toBe(false);
  });

  it("begins early enough for clients whose clock is 48 hours behind", async () => {
    const certificate = new X509Certificate((await ownCertificate({ folder, names: NAMES, now: NOW })).certificate);
    expect(certificate.validFromDate.getTime()).toBeLessThan(NOW - 2 * DAY_MS);
  });

  it("stays what it is at the next start", async () => {
    const first = await ownCertificate({ folder, names: NAMES, now: NOW });
    expect(await ownCertificate({ folder, names: [...NAMES].reverse(), now: NOW + 300 * DAY_MS })).toEqual(first);
  });

  it.each([
    ["within 30 days of its end", NAMES, NOW + 370 * DAY_MS],
    ["for other names", ["other.example"], NOW],
    ["when the clock was set back behind its beginning", NAMES, NOW - 10 * DAY_MS],
  ])("is renewed %s, by the same authority", async (_, names, now) => {
    const first = await ownCertificate({ folder, names: NAMES, now: NOW });
    const next = await ownCertificate({ folder, names, now });
    expect(next.certificate).not.toBe(first.certificate);
    expect(next.authority).toBe(first.authority);
    expect(namesOf(new X509Certificate(next.certificate))).toEqual(canonicalNames(names));
  });

  it("is made anew when its file is damaged", async () => {
    const first = await ownCertificate({ folder, names: NAMES, now: NOW });
    await writeFile(join(folder, "server.pem"), first.certificate.slice(0, 200));
    expect((await ownCertificate({ folder, names: NAMES, now: NOW })).authority).toBe(first.authority);
  });

  it("is not served once its authority has expired, and the error says what to do", async () => {
    await ownCertificate({ folder, names: NAMES, now: NOW });
    await expect(ownCertificate({ folder, names: NAMES, now: NOW + 3_653 * DAY_MS })).rejects.toMatchObject({
      code: "expired",
      message: expect.stringContaining("authority.pem expired on 2036-"),
      hint: expect.stringContaining("check the clock"),
    });
  });

  it("has one authority when several processes start at once", async () => {
    const module = fileURLToPath(new URL("../../../provider/appliance/certificates/authority.ts", import.meta.url));
    const program = `const { keepAuthorities } = await import(${JSON.stringify(module)});
      const { present } = await keepAuthorities({ folder: ${JSON.stringify(folder)}, now: ${NOW} });
      process.stdout.write(present.certificate);`;
    const runs = await Promise.all(
      [1, 2, 3, 4].map(() => promisify(execFile)(process.execPath, ["--input-type=module", "-e", program])),
    );
    const { present } = await keepAuthorities({ folder, now: NOW });
    expect(runs.map(({ stdout }) => stdout)).toEqual(runs.map(() => present.certificate));
  }, 120_000);

  it("says so when the file of its authority is damaged, and leaves that file alone", async () => {
    await writeFile(join(folder, "authority.pem"), "rubbish");
    await expect(ownCertificate({ folder, names: NAMES, now: NOW })).rejects.toMatchObject({
      code: "unreadable",
      message: expect.stringContaining("authority.pem is damaged"),
    });
    expect(await readFile(join(folder, "authority.pem"), "utf8")).toBe("rubbish");
  });
});

describe("a given certificate", () => {
  /** Writes a certificate and its key, as a user would give them. */
  async function given(options: { now?: number; withAuthority?: boolean } = {}) {
    const now = options.now ?? NOW;
    const authority = await createAuthority({ now });
    const pair = await issueServerCertificate({ authority, names: ["kace.example", "*.branch.example"], now });
    const certificateFile = join(folder, "given.crt");
    const keyFile = join(folder, "given.key");
    await writeFile(certificateFile, pair.certificate + (options.withAuthority === true ? authority.certificate : ""));
    await writeFile(keyFile, pair.key);
    return { certificateFile, keyFile, name: "kace.example", now: NOW, authority: authority.certificate };
  }

  it("is served with its key, and hands on its authority where the file has it", async () => {
    const files = await given({ withAuthority: true });
    const identity = await givenCertificate(files);
    expect(identity.authority).toBe(files.authority);
    expect(identity.names).toEqual(["*.branch.example", "kace.example"]);
    expect((await givenCertificate(await given())).authority).toBeUndefined();
  });

  it("may be for the name by a wildcard", async () => {
    const files = await given();
    expect((await givenCertificate({ ...files, name: "berlin.branch.example" })).names).toContain("*.branch.example");
  });

  it.each([
    ["expired", {}, { now: NOW + 400 * DAY_MS }, /given\.crt expired on 2027-/],
    ["not-yet-valid", {}, { now: NOW - 30 * DAY_MS }, /valid only from 2026-05-29/],
    [
      "name-missing",
      {},
      { name: "other.example" },
      /is not for "other\.example", but for \*\.branch\.example, kace\.example/,
    ],
  ])("is refused as %s", async (code, _, changes, message) => {
    const files = await given();
    await expect(givenCertificate({ ...files, ...changes })).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message),
      hint: expect.stringMatching(/./),
    });
  });

  it.each([
    [
      "the key of another certificate",
      "wrong-key",
      async (path: string) => {
        const other = await createAuthority({ now: NOW });
        await writeFile(path, other.key);
      },
      /given\.key does not belong to the certificate/,
    ],
    [
      "a key with a passphrase",
      "unreadable",
      (path: string) =>
        writeFile(path, "-----BEGIN ENCRYPTED PRIVATE KEY-----\ncanary\n-----END ENCRYPTED PRIVATE KEY-----\n"),
      /has a passphrase/,
    ],
    ["something that is no key", "unreadable", (path: string) => writeFile(path, "canary"), /holds no private key/],
    ["a key that is missing", "unreadable", (path: string) => rm(path), /there is no key file/],
  ])("is refused with %s, without a word of the key", async (_, code, spoil, message) => {
    const files = await given();
    await spoil(files.keyFile);
    const error = await givenCertificate(files).then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    expect(error).toMatchObject({ code, message: expect.stringMatching(message) });
    expect(String(error) + JSON.stringify(error)).not.toContain("canary");
  });

  it("is refused when its file holds none or a damaged one", async () => {
    const files = await given();
    await writeFile(files.certificateFile, "hello");
    await expect(givenCertificate(files)).rejects.toMatchObject({
      message: expect.stringContaining("holds no certificate"),
    });
    await writeFile(files.certificateFile, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
    await expect(givenCertificate(files)).rejects.toMatchObject({ message: expect.stringContaining("is damaged") });
  });
});

describe("names", () => {
  it.each([
    [
      ["B.example.", "a.example", "b.example"],
      ["a.example", "b.example"],
    ],
    [["FD00:0:0:0:0:0:0:1", "fd00::1"], ["fd00::1"]],
    [["fe80::1%eth0", ""], []],
  ])("%j are %j in their one spelling", (names, canonical) => {
    expect(canonicalNames(names)).toEqual(canonical);
  });
});
