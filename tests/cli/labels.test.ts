import { createHash } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openLocal } from "../../provider/appliance/local/local.ts";
import { runKace } from "../../provider/cli/program.ts";
import { startTestServer } from "../appliance/server/running.ts";
import { fill, KUIDS, TOKEN_VALUE } from "./filled.ts";

/** An appliance as the command line comes to it. */
interface Reached {
  /** The options that name it. */
  readonly options: readonly string[];
  readonly environment: NodeJS.ProcessEnv;
  readonly folder: string;
  close(): Promise<void>;
}

async function inFolder(): Promise<Reached> {
  const root = await mkdtemp(join(tmpdir(), "kace-cli-"));
  const folder = join(root, "appliance");
  const close = () => rm(root, { recursive: true, force: true });
  return { options: ["--database", folder], environment: {}, folder, close };
}

async function behindServer(): Promise<Reached> {
  const server = await startTestServer();
  const ca = join(server.folder, "certificates", "ca.pem");
  return {
    options: ["--endpoint", server.endpoint, "--ca-certificate", ca],
    environment: { KACE_API_TOKEN: await server.apiToken() },
    folder: server.folder,
    close: () => server.remove(),
  };
}

/** Beside what every filled appliance has: labels, decisions about the quarantine, and a machine that was copied. */
async function fillMore(folder: string): Promise<void> {
  await fill(folder);
  const appliance = await openLocal({ folder, who: "ann@laptop" });
  await appliance.saveLabel({ name: "by-hand", machines: ["web01"], description: "for now" });
  const web = { property: "hostname", operator: "startsWith", value: "web" } as const;
  await appliance.saveLabel({ name: "web", filter: { all: [web] } });
  const debian = { property: "os.id", operator: "equals", value: "debian" } as const;
  await appliance.saveQuarantineDecision({
    name: "guests",
    verdict: "block",
    rule: { all: [{ property: "hostname", operator: "matches", value: "guest-*" }], none: [debian] },
  });
  await appliance.saveQuarantineDecision({ name: "stolen", verdict: "block", kuid: "00000000-stolen" });
  await appliance.recordKeyConflict({
    kuid: KUIDS.web01,
    publicKey: createHash("sha256").update("copy").digest("base64url"),
    hostname: "copy",
    machineId: "",
    addresses: ["10.0.0.9"],
  });
  await appliance.close();
}

describe.each([
  ["in a folder", inFolder],
  ["behind a server", behindServer],
])("the commands about labels and the quarantine of an appliance %s", (_where, reach) => {
  let reached: Reached;
  beforeEach(async () => {
    reached = await reach();
    await fillMore(reached.folder);
  });
  afterEach(() => reached.close());

  async function kace(...args: readonly string[]) {
    const out: string[] = [];
    const err: string[] = [];
    const terminal = { out: (text: string) => void out.push(text), err: (text: string) => void err.push(text) };
    const world = { terminal, environment: reached.environment, signal: new AbortController().signal };
    const exitCode = await runKace([...reached.options, ...args], world);
    return { exitCode, out: out.join("\n"), err: err.join("\n") };
  }

  /** The rows of a table without its head, a list of cells each. */
  async function rows(...args: readonly string[]): Promise<string[][]> {
    const { exitCode, out, err } = await kace(...args);
    expect(exitCode, err).toBe(0);
    return out
      .split("\n")
      .slice(1)
      .map((line) => line.split(/ {2,}/));
  }

  it("list labels and their machines, put machines in and take them out", async () => {
    expect((await rows("labels", "list")).map(([name, , ...rest]) => [name, ...rest])).toEqual([
      ["by-hand", "by hand", "1", "0", "for now"],
      ["web", "by filter", "1", "0", "-"],
    ]);
    const waits = (name: string) => `no approved device is called ${name}: it has the label as soon as one is`;
    expect(await kace("labels", "apply", "by-hand", "web01.corp.example", "web09")).toMatchObject({
      exitCode: 0,
      err: `put 1 into by-hand\n${waits("web09")}`,
    });
    // In quarantine it has no labels either.
    expect((await kace("labels", "apply", "by-hand", "web09", "web02")).err.split("\n")).toEqual([
      "put 1 into by-hand",
      waits("web09"),
      waits("web02"),
    ]);
    expect((await kace("labels", "remove", "by-hand", "web02")).err).toBe("took 1 out of by-hand");
    expect(await rows("labels", "members", "by-hand")).toEqual([
      ["web01.corp.example", KUIDS.web01, "10.0.0.1", "no", "no"],
      ["web09", "-", "-", "-", "yes"],
    ]);
    const [label] = JSON.parse((await kace("--json", "labels", "list")).out);
    expect(await kace("labels", "remove", label.id, "web09", KUIDS.web01)).toMatchObject({
      err: "took 2 out of by-hand",
    });
    expect(await kace("labels", "members", "by-hand")).toEqual({ exitCode: 0, out: "", err: "no machine has it" });
    expect(await kace("labels", "apply", "web", "web09")).toMatchObject({
      exitCode: 2,
      err: expect.stringContaining('label "web" is by filter'),
    });
    expect(await kace("labels", "members", "nobody's")).toMatchObject({
      exitCode: 2,
      err: expect.stringContaining("there is no label nobody's"),
    });
  });

  it("say of a label that a program makes who has the last word on its machines", async () => {
    const appliance = await openLocal({ folder: reached.folder });
    const urn = "urn:pulumi:dev::fleet::kace:index:Label::office";
    await appliance.saveLabel({ name: "office", urn, machines: ["web01"] });
    await appliance.close();
    const { err } = await kace("labels", "apply", "office", "web09");
    expect(err.split("\n")).toEqual([
      "put 1 into office",
      "no approved device is called web09: it has the label as soon as one is",
      `this label belongs to ${urn}: where its program lists \`machines\`, its next \`pulumi up\` after a refresh sets those`,
    ]);
  });

  it("show what is decided in advance, and who came with the KUID of another", async () => {
    expect(await rows("quarantine", "rules")).toEqual([
      ["stolen", "block", "-", "00000000-stolen", "yes"],
      ["guests", "block", "100", "all: hostname matches guest-*; none: os.id equals debian", "yes"],
    ]);
    const waiting = await kace("quarantine", "list");
    expect(waiting.out).toContain("web02.corp.example");
    expect(waiting.err).toContain("1 device came with the KUID of another");
    const [duplicate] = await rows("quarantine", "duplicates");
    expect(duplicate?.slice(0, 6)).toEqual([KUIDS.web01, "web01.corp.example", "copy", "-", "10.0.0.9", "1"]);
    await kace("devices", "remove", "web01");
    expect(await kace("quarantine", "duplicates")).toEqual({
      exitCode: 0,
      out: "",
      err: "no KUID that is known was seen twice",
    });
  });

  it("show who changed what, and when", async () => {
    const [latest] = await rows("history", "--subject", "by-hand", "--limit", "1");
    expect(latest?.slice(1, 3)).toEqual(["ann@laptop", "saveLabel"]);
    expect(latest?.at(-1)).toContain("machines: null -> web01");
    expect((await rows("history", "--who", "ANN@", "--since", "1h")).length).toBe(4);
    const machines = Array.from({ length: 40 }, (_, number) => `host${number}`);
    const long = await openLocal({ folder: reached.folder, who: "ann@laptop" });
    await long.saveLabel({ name: "many", description: "x", machines });
    await long.close();
    const [shown] = await rows("history", "--subject", "many", "--limit", "1");
    expect(shown?.at(-1)?.length).toBeLessThan(400);
    expect(shown?.at(-1)).toContain("…");
    expect((await kace("--json", "history", "--subject", "many", "--limit", "1")).out).toContain("host39");
    expect(await kace("history", "--who", "ann", "--until", "2020-01-01")).toEqual({
      exitCode: 0,
      out: "",
      err: "nothing like that was changed",
    });
    const everything = await kace("--json", "history", "--limit", "100000");
    expect(JSON.parse(everything.out).length).toBeGreaterThan(4);
    expect(everything.out).not.toContain(TOKEN_VALUE);
    expect(await kace("history", "--since", "yesterday")).toMatchObject({
      exitCode: 2,
      err: expect.stringContaining("--since yesterday is no moment"),
    });
    expect((await kace("history", "--limit", "0")).exitCode).toBe(2);
  });
});
