import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, describe, expect, test } from "vitest";
import { execute } from "../../examples/lab/command.ts";
import { type HostSpec, Lab, whyNoLab } from "../../examples/lab/lab.ts";

const NOTHING = { processes: [], cgroups: [], mounts: [], namespaces: [], links: [] };
const hosts: readonly HostSpec[] = [
  { name: "big01", kind: "systemd", smallDiskBytes: 2 ** 20 },
  { name: "small01", kind: "light" },
  { name: "small02", kind: "light", firewall: "drop-ssh" },
];

describe.skipIf(whyNoLab() !== undefined)("a lab", () => {
  afterAll(async () => {
    for (const prefix of ["tfall", "tother", "tcrash", "tmany", "tcli"]) await Lab.down(prefix);
  });

  test("leaves nothing when it goes down, and may go down twice", async () => {
    const lab = await Lab.up({ prefix: "tfall", hosts });
    const { dev, ino } = await stat(lab.host("big01").root);
    const nspawnLock = `/run/systemd/nspawn/locks/inode-${dev}:${ino}`;
    expect(existsSync(nspawnLock)).toBe(true);
    // What a person or an agent left running there goes too.
    await lab.host("big01").run(["sh", "-c", "setsid sleep 4000 >/dev/null 2>&1 &"]);
    await lab.host("small01").run(["sh", "-c", "setsid sleep 4000 >/dev/null 2>&1 &"]);
    const up = await Lab.traces("tfall");
    expect(up.namespaces.toSorted()).toEqual(["kl-tfall-big01", "kl-tfall-small01", "kl-tfall-small02"]);
    expect(up.links.toSorted()).toEqual(["kl0-tfall", "kl1-tfall", "kl2-tfall", "klb-tfall"]);
    expect(up.cgroups.length).toBeGreaterThan(0);
    expect(up.mounts.length).toBeGreaterThan(hosts.length);
    expect(up.processes.length).toBeGreaterThan(hosts.length);

    await lab.down();
    expect(await Lab.traces("tfall")).toEqual(NOTHING);
    expect(existsSync("/run/pulumi-kace-lab/tfall")).toBe(false);
    expect(existsSync(nspawnLock)).toBe(false);
    expect(await Lab.find("tfall")).toBeUndefined();
    await lab.down();
  });

  test("stands beside another, and can be found by its prefix", async () => {
    const [one, other] = await Promise.all([
      Lab.up({ prefix: "tfall", hosts: hosts.slice(1) }),
      Lab.up({ prefix: "tother", hosts: hosts.slice(1) }),
    ]);
    expect(one.subnet).not.toBe(other.subnet);
    await one.down();
    const found = await Lab.find("tother");
    expect(found?.host("small01").hostKeys).toEqual(other.host("small01").hostKeys);
    expect((await found?.host("small01").exec(["hostname"]))?.stdout).toBe("small01\n");
    await other.down();
    expect(await Lab.traces("tother")).toEqual(NOTHING);
  });

  test("is not taken away from a process that has it", async () => {
    const child = await bringUpElsewhere("tcrash", hosts.slice(1));
    await child.saw("up");
    await expect(Lab.up({ prefix: "tcrash", hosts })).rejects.toThrow(`in use by process ${child.pid}`);
    await child.kill();
  });

  // The places where a killed run leaves half a lab: with a network only, with mounts, with hosts that run.
  test.each(["/run/netns/kl-tcrash-small01", "/run/pulumi-kace-lab/tcrash/layers/dev", "up"])(
    "clears what a run left that was killed at %s",
    async (moment) => {
      const child = await bringUpElsewhere("tcrash", hosts);
      await child.saw(moment);
      await child.kill();
      const left = await Lab.traces("tcrash");
      expect(left.links).toContain("klb-tcrash");

      const lab = await Lab.up({ prefix: "tcrash", hosts });
      expect((await lab.host("big01").exec(["systemctl", "is-system-running"])).stdout).toBe("running\n");
      await lab.down();
      expect(await Lab.traces("tcrash")).toEqual(NOTHING);
    },
  );

  test("leaves nothing when a host does not come up", async () => {
    const broken: HostSpec = { name: "broken01", kind: "light", sshdConfig: "NoSuchOption yes" };
    await expect(Lab.up({ prefix: "tfall", hosts: [...hosts, broken] })).rejects.toThrow("broken01 went off");
    expect(await Lab.traces("tfall")).toEqual(NOTHING);
  });

  test("has a hundred light hosts", async () => {
    const many = Array.from({ length: 100 }, (_, index): HostSpec => ({ name: `h${index}`, kind: "light" }));
    const lab = await Lab.up({ prefix: "tmany", hosts: many });
    const names = await Promise.all([0, 50, 99].map((index) => lab.host(`h${index}`).run(["hostname"])));
    expect(names).toEqual(["h0\n", "h50\n", "h99\n"]);
    expect(new Set(lab.hosts.flatMap(({ hostKeys }) => hostKeys.map(({ fingerprint }) => fingerprint))).size).toBe(100);
    await lab.down();
    expect(await Lab.traces("tmany")).toEqual(NOTHING);
  });

  test("raises the kernel's limit on inotify instances while it has hosts with systemd", async () => {
    const limit = async (): Promise<number> =>
      Number(await readFile("/proc/sys/fs/inotify/max_user_instances", "utf8"));
    const lab = await Lab.up({ prefix: "tfall", hosts: hosts.slice(0, 1) });
    const known = JSON.parse(await readFile("/run/pulumi-kace-lab/inotify.json", "utf8"));
    expect(known.hosts).toMatchObject({ tfall: 1 });
    expect(await limit()).toBeGreaterThan(known.before);
    await lab.down();
  });

  test("is brought up, shown and taken down from the command line", async () => {
    const up = await cli("up", "--prefix", "tcli", "--hosts", "0", "--light", "2");
    expect(up).toMatchObject({ exitCode: 0, stderr: "" });
    const login = /^log in: (ssh .*)$/m.exec(up.stdout)?.[1] ?? "false";
    expect((await execute(["sh", "-c", `${login} hostname`])).stdout).toBe("light01\n");
    expect((await cli("status", "--prefix", "tcli")).stdout).toContain("light02");
    expect(await cli("down", "--prefix", "tcli")).toMatchObject({ exitCode: 0, stdout: "lab tcli is down\n" });
    expect(await Lab.traces("tcli")).toEqual(NOTHING);
    expect((await cli("status", "--prefix", "tcli")).stdout).toContain("no lab is up");
  });

  test.each([
    [[], "npm run lab -- up"],
    [["sideways"], "npm run lab -- up"],
    [["up", "--hosts", "many"], "--hosts takes a number"],
    [["up", "--prefix", "UPPER"], "is no prefix"],
    [["up", "--colour"], "--colour"],
  ])("answers the command line %j with a sentence", async (args, sentence) => {
    const ended = await cli(...args);
    expect(ended).toMatchObject({ exitCode: 1, stdout: "", stderr: expect.stringContaining(sentence) });
    expect(ended.stderr).not.toContain("    at ");
  });
});

function cli(...args: readonly string[]): ReturnType<typeof execute> {
  const program = join(import.meta.dirname, "..", "..", "examples", "lab", "main.ts");
  return execute([process.execPath, program, ...args]);
}

/** Brings a lab up in a process of its own, which then waits to be killed. */
async function bringUpElsewhere(prefix: string, specs: readonly HostSpec[]) {
  const door = join(import.meta.dirname, "..", "..", "examples", "lab", "lab.ts");
  const program = `
    import { Lab } from ${JSON.stringify(door)};
    await Lab.up({ prefix: ${JSON.stringify(prefix)}, hosts: ${JSON.stringify(specs)} });
    console.log("up");
    setInterval(() => undefined, 1000);
  `;
  const child = spawn(process.execPath, ["--input-type=module", "--eval", program], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = once(child, "exit");
  const lines = createInterface({ input: child.stdout });
  const up = once(lines, "line");
  return {
    pid: child.pid,
    /** Waits for a path to appear, or for the whole lab to be `up`. */
    async saw(moment: string): Promise<void> {
      if (moment === "up") {
        await up;
        return;
      }
      while (!existsSync(moment) && child.exitCode === null) await new Promise((resolve) => setTimeout(resolve, 1));
    },
    async kill(): Promise<void> {
      child.kill("SIGKILL");
      await ended;
    },
  };
}
