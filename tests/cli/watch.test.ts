import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openLocal } from "../../provider/appliance/local/local.ts";
import { runKace } from "../../provider/cli/program.ts";
import { device } from "../appliance/devices.ts";
import { until } from "../appliance/server/running.ts";

const KACE = fileURLToPath(new URL("../../bin/kace", import.meta.url));

let root = "";
let folder = "";
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "kace-watch-"));
  folder = join(root, "appliance");
});
afterEach(() => rm(root, { recursive: true, force: true }));

/** Watches a list in this process; `end` is Ctrl-C. */
function watching(args: readonly string[], isScreen = false) {
  const [out, err]: [string[], string[]] = [[], []];
  const stop = new AbortController();
  const ended = runKace(["--database", folder, ...args, "--watch"], {
    terminal: { out: (text) => void out.push(text), err: (text) => void err.push(text), isScreen },
    environment: {},
    signal: stop.signal,
  });
  const end = () => {
    stop.abort();
    return ended;
  };
  return { out, err, end };
}

describe("a list that is watched", () => {
  it("is followed by what comes and goes, where nobody sees a screen", async () => {
    const appliance = await openLocal({ folder });
    const { id } = await appliance.createToken({ name: "berlin" });
    const { out, err, end } = watching(["tokens", "list"]);
    await until("the list was shown", () => out.length > 0);
    expect(out.join("\n").split("\n")).toEqual([expect.stringMatching(/^TOKEN /), expect.stringMatching(/^berlin /)]);
    await appliance.createToken({ name: "a-token-with-a-name-that-makes-the-column-wider" });
    await until("what came was shown", () => out.some((line) => line.startsWith("+ a-token-with")));
    await appliance.deleteToken({ id });
    await until("what went was shown", () => out.some((line) => line.startsWith("- berlin")));
    expect(out.filter((line) => /^[+-]/.test(line))).toHaveLength(2);
    await appliance.close();
    expect(await end()).toBe(0);
    expect(err).toEqual([]);
  });

  it("is one object a line for programs", async () => {
    const appliance = await openLocal({ folder });
    const { out, end } = watching(["--json", "orgs", "list"]);
    await until("the list was shown", () => out.length > 0);
    await appliance.createOrganization({ name: "berlin" });
    await until("what came was shown", () => out.length > 1);
    expect(out.map((line) => JSON.parse(line))).toMatchObject([
      { change: "added", row: { name: "default" } },
      { change: "added", row: { name: "berlin" } },
    ]);
    await appliance.close();
    expect(await end()).toBe(0);
  });

  it("is what any command shows that lists something", async () => {
    const appliance = await openLocal({ folder });
    const { value } = await appliance.createToken({ name: "t" });
    await appliance.enrolDevice(device(1, { token: value }));
    await appliance.saveUpdatePolicy({ enabled: true, allMachines: true });
    await appliance.close();
    const plan = watching(["policy", "plan"]);
    await until("the plan was shown", () => plan.out.length > 0);
    expect(plan.out.join("\n").split("\n")).toEqual([
      expect.stringMatching(/^MACHINE /),
      expect.stringMatching(/^web1\.corp\.example /),
    ]);
    expect(await plan.end()).toBe(0);
    const authority = watching(["--json", "authority", "show"]);
    await until("the authorities were shown", () => authority.out.length > 0);
    expect(authority.out.map((line) => JSON.parse(line))).toMatchObject([
      { change: "added", row: { authorities: [] } },
    ]);
    expect(await authority.end()).toBe(0);
  });

  it("is drawn anew on a screen, with its remarks", async () => {
    await (await openLocal({ folder })).close();
    const { out, end } = watching(["tokens", "list"], true);
    await until("it was drawn twice", () => out.length > 1);
    for (const frame of out) {
      expect(frame.startsWith("\u001b[H\u001b[J")).toBe(true);
      expect(frame).toContain("there is no token:");
    }
    expect(await end()).toBe(0);
  });

  it("is not watched where it cannot be read in the first place", async () => {
    const { out, err, end } = watching(["--endpoint", "https://127.0.0.1:1", "tokens", "list"]);
    await until("it said why", () => err.length > 0);
    expect([out, await end()]).toEqual([[], 1]);
  });

  it("ends without a word at Ctrl-C", { timeout: 300_000 }, async () => {
    await (await openLocal({ folder })).close();
    const child = spawn(KACE, ["--database", folder, "orgs", "list", "--watch"], { stdio: ["ignore", "pipe", "pipe"] });
    let said = "";
    child.stderr.on("data", (data: Buffer) => (said += data.toString()));
    const ended = once(child, "exit");
    await once(child.stdout, "data");
    child.kill("SIGINT");
    expect(await ended).toEqual([0, null]);
    expect(said).toBe("");
  });
});
