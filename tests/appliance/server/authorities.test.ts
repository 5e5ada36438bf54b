import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { fingerprintOf, keepAuthorities } from "../../../provider/appliance/certificates/authority.ts";
import { givenCertificate } from "../../../provider/appliance/certificates/given.ts";
import { createAuthority, issueServerCertificate } from "../../../provider/appliance/certificates/issue.ts";
import { TestAgent } from "./agent.ts";
import { startTestServer, type TestServer, until } from "./running.ts";

const TIMEOUT_MS = 180_000;
const DAY_MS = 86_400_000;
const LIFE_DAYS = 3_645;

let server: TestServer;
const agents: TestAgent[] = [];
let tokens = 0;

afterEach(async () => {
  for (const agent of agents.splice(0)) agent.socket.terminate();
  await server.remove();
}, TIMEOUT_MS);

/** An agent that is let in and says this in its hello. */
async function enrol(hostname: string, said: Readonly<Record<string, unknown>>, ca = server.ca) {
  const { value } = await server.appliance.createToken({ name: `token ${++tokens}` });
  const agent = await TestAgent.connect({ port: server.port, ca });
  agents.push(agent);
  const answer = await agent.hello({ token: value, hostname, ...said });
  expect(answer).toMatchObject({ type: "welcome", state: "approved" });
  return { agent, answer };
}

/** What the server has announced, present first. */
async function announced() {
  const { authorities = [] } = await server.appliance.serverStatus({});
  return authorities.map(({ sha256 }) => sha256);
}

describe("an authority that is renewed", { timeout: TIMEOUT_MS }, () => {
  it("is announced beside the present one, confirmed, and takes over when nobody is lost by that", async () => {
    server = await startTestServer({
      renewsAuthority: true,
      limits: { changesEveryMs: 50, certificateEveryMs: 3_600_000 },
    });
    const { appliance } = server;
    const first = fingerprintOf(server.ca);
    const web = await enrol("web01", { trusts: [first] });
    const old = await enrol("old01", {});
    const roots = await enrol("roots01", { trusts: [] });
    expect(web.answer.authorities).toBeUndefined();

    await appliance.renewAuthority({});
    const told = (await web.agent.next("authorities")).authorities;
    expect(told).toEqual([server.ca, expect.stringContaining("BEGIN CERTIFICATE")]);
    const bundle = (told as string[]).join("");
    const [, next = ""] = told as string[];
    const second = fingerprintOf(next);
    await until("it is published", async () => (await announced()).length === 2);
    const status = await appliance.serverStatus({});
    expect(status).toMatchObject({
      caCertificate: bundle,
      makesAuthorities: true,
      authorities: [
        { sha256: first, use: "present", name: expect.stringMatching(/^pulumi-kace authority /) },
        { sha256: second, use: "next" },
      ],
      switchOverAt: expect.any(String),
    });
    expect(status.authorityWish).toBeUndefined();
    expect(await readFile(join(server.folder, "certificates", "ca.pem"), "utf8")).toBe(bundle);
    await expect(appliance.renewAuthority({})).rejects.toMatchObject({ code: "conflict" });

    for (const { agent } of [old, roots]) {
      agent.say({ type: "heartbeat" });
      expect((await agent.next("authorities", "heartbeat")).type).toBe("heartbeat");
    }
    // What it could not keep it says, is told again at its next check-in, and counts when it is kept.
    web.agent.say({ type: "trust", trusts: [first], note: "no space left on device" });
    web.agent.say({ type: "check-in", settingsRevision: 0 });
    expect((await web.agent.next("authorities")).authorities).toEqual(told);
    expect(server.lines).toContainEqual(expect.stringMatching(/could not take up .*: no space left on device$/));
    expect(await appliance.listDistrustingDevices({ sha256: second })).toMatchObject({ count: 3, approved: 3 });
    await expect(appliance.finishAuthority({})).rejects.toMatchObject({
      code: "conflict",
      message: expect.stringMatching(/^3 devices do not trust .* yet: old01, roots01, web01$/),
    });
    web.agent.say({ type: "trust", trusts: [first, second] });
    await until(
      "it has confirmed",
      async () => (await appliance.listDistrustingDevices({ sha256: second })).count === 2,
    );
    const { devices } = await appliance.listDistrustingDevices({ sha256: second });
    expect(devices.map(({ hostname, why, connected }) => ({ hostname, why, connected }))).toEqual(
      expect.arrayContaining([
        { hostname: "old01", why: "agent-too-old", connected: true },
        { hostname: "roots01", why: "system-roots", connected: true },
      ]),
    );

    await appliance.finishAuthority({ force: true });
    expect((await web.agent.next("authorities")).authorities).toEqual([next]);
    await until("it is published", async () => (await announced()).join() === second);
    // Whoever trusts the first only is refused from now on; who trusts the second comes in, and is told to drop the first.
    await expect(TestAgent.connect({ port: server.port, ca: server.ca })).rejects.toThrow();
    const back = await enrol("web02", { trusts: [second, first] }, next);
    expect(back.answer.authorities).toEqual([next]);
    await expect(appliance.finishAuthority({})).rejects.toMatchObject({ code: "conflict" });

    const { entries } = await appliance.listHistory({ subject: "authority" });
    const changes = entries.flatMap(({ changes: all }) => all);
    expect(changes).toEqual(
      expect.arrayContaining([
        { property: "asked", from: null, to: "renew" },
        { property: "next", from: null, to: second },
        { property: "asked", from: null, to: "finish" },
        { property: "force", from: null, to: true },
        { property: "present", from: first, to: second },
        { property: "next", from: second, to: null },
      ]),
    );
  });

  it("takes over by itself at its time, but not before the last device has confirmed it", async () => {
    const start = Date.now();
    let passedMs = 0;
    server = await startTestServer({
      now: () => start + passedMs,
      renewsAuthority: true,
      limits: { changesEveryMs: 50, certificateEveryMs: 50 },
      certificates: (folder) => keepAuthorities({ folder, now: start - (LIFE_DAYS - 300) * DAY_MS }),
    });
    const first = fingerprintOf(server.ca);
    // It was near its end at the start, so that its successor was made then.
    const [present, second = ""] = await announced();
    expect(present).toBe(first);
    const { agent, answer } = await enrol("web01", { trusts: [first] });
    expect(answer.authorities).toHaveLength(2);
    passedMs = 151 * DAY_MS;
    await until("the server says that it waits", () =>
      server.lines.some((line) => /is due, and 1 device does not trust it yet/.test(line)),
    );
    expect(await announced()).toEqual([first, second]);
    agent.say({ type: "trust", trusts: [first, second] });
    await agent.next("authorities");
    await until("it has taken over", async () => (await announced()).join() === second);
    expect(fingerprintOf(server.server.identity().authority ?? "")).toBe(second);
  });
});

describe("an authority of a certificate that is given", { timeout: TIMEOUT_MS }, () => {
  it("is announced by its file, and is the operator's to renew", async () => {
    const now = Date.now();
    const [one, two] = [await createAuthority({ now }), await createAuthority({ now })];
    let folder = "";
    const give = async (authority: typeof one, from: string) => {
      const pair = await issueServerCertificate({ authority, names: ["localhost", "127.0.0.1"], now });
      await writeFile(join(from, "given.key"), pair.key);
      await writeFile(join(from, "given.crt"), pair.certificate + authority.certificate);
    };
    const given = (nextAuthorityFile: string | undefined) => ({
      certificateFile: join(folder, "given.crt"),
      keyFile: join(folder, "given.key"),
      nextAuthorityFile,
      name: "localhost",
      now,
    });
    let nextFile: string | undefined;
    server = await startTestServer({
      limits: { changesEveryMs: 50, certificateEveryMs: 50 },
      certificates: async (certificates) => {
        folder = join(certificates, "..");
        await give(one, folder);
        await writeFile(join(folder, "next.pem"), two.certificate);
      },
      certificate: () => givenCertificate(given(nextFile)),
    });
    const [first, second] = [fingerprintOf(one.certificate), fingerprintOf(two.certificate)];
    expect(await announced()).toEqual([first]);
    const { agent } = await enrol("web01", { trusts: [first] }, one.certificate);
    await expect(server.appliance.renewAuthority({})).rejects.toMatchObject({
      code: "conflict",
      hint: expect.stringContaining("--next-authority"),
    });
    nextFile = join(folder, "next.pem");
    expect((await agent.next("authorities")).authorities).toHaveLength(2);
    await until("it is published", async () => (await announced()).join() === [first, second].join());
    await expect(server.appliance.finishAuthority({ force: true })).rejects.toMatchObject({ code: "conflict" });
    // The files are replaced one after the other: what does not belong together is not served.
    await give(two, folder);
    await until("it is used", async () => (await announced()).join() === second);
    await writeFile(
      join(folder, "next.pem"),
      (await issueServerCertificate({ authority: two, names: ["x"], now })).certificate,
    );
    await expect(givenCertificate(given(nextFile))).rejects.toMatchObject({
      code: "unreadable",
      message: expect.stringContaining("does not hold certificates of one to 7 authorities and nothing else"),
    });
  });
});
