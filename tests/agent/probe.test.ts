import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { bench, FLAVOURS, probe } from "../../provider/agent/agent.ts";
import { fingerprintOf } from "../../provider/appliance/certificates/authority.ts";
import { createAuthority } from "../../provider/appliance/certificates/issue.ts";
import type { Ended, Machine, ScriptRequest } from "../../provider/machines/machine.ts";

const FLAVOURS_LOOKED_FOR = [FLAVOURS.reference, FLAVOURS.quest, bench];

/** A machine whose script is answered by a function. */
function machineThat(runs: (request: ScriptRequest) => Promise<string>): Machine {
  return {
    address: "played",
    dialect: "posix",
    runScript: async (request): Promise<Ended> => ({
      exitCode: 0,
      stdout: await runs(request),
      stderr: "",
      truncated: false,
    }),
    put: () => Promise.reject(new Error("a look puts nothing")),
    close: () => Promise.resolve(),
  };
}

async function temporary(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "kace-probe-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  return folder;
}

/** Has the script look at one file for a lock, instead of the package managers' own. */
function withLocks(file: string): (script: string) => string {
  return (script) => {
    const own = /look_locks \/var\/lib.*/;
    if (!own.test(script)) throw new Error("the script looks at no locks");
    return script.replace(own, `look_locks '${file}'`);
  };
}

function look(output: string) {
  return probe(
    machineThat(() => Promise.resolve(output)),
    { flavours: FLAVOURS_LOOKED_FOR, configurationId: "c" },
  );
}

test("rubbish is no news, and no error", async () => {
  const seen = await look(
    "Welcome!\r\n\u0000\ufffd::kace =\n::kace nonsense\n::kace uid=\n::kace receipt={broken\n::kace lock=a:b\n",
  );
  expect(seen).toMatchObject({
    hostname: undefined,
    machineId: undefined,
    os: { platform: "unknown", family: "other", libc: "unknown" },
    init: "none",
    privilege: "user",
    disk: { stagingFreeBytes: undefined },
    receipt: undefined,
    lock: undefined,
    staged: [],
    server: { resolves: "unknown", reachable: "unknown" },
  });
  expect(seen.agents.map((agent) => agent.present)).toEqual(["no", "no", "no"]);
});

test("what is marked is found among what a log-in script prints", async () => {
  const seen = await look(
    [
      "You have mail. ::kace platform=Linux",
      "::kace uid=0",
      "hostname=liar",
      "::kace hostname=web01\r",
      '::kace os.ID="rocky"',
      '::kace os.ID_LIKE="rhel centos fedora"',
      "::kace tool=dpkg",
      "::kace tool=rpm",
      "::kace machine=aarch64",
      "::kace disk.staging=/dev/mapper/a b 1000 400 600 40% /",
      "::kace agent.reference.present=yes",
      "::kace agent.reference.server=[2001:db8::1]:8443",
      "::kace agent.reference.connected=perhaps",
      '::kace receipt={"format":9,"configurationId":"c","flavour":"reference","adopted":true,"later":1}',
      "::kace lock=run-1:urn%3Aweb:42:1:boot",
      "::kace staged.running=run-1",
      "::kace staged.abandoned=run-0",
    ].join("\n"),
  );
  expect(seen).toMatchObject({
    hostname: "web01",
    privilege: "root",
    os: { platform: "linux", distribution: "rocky", family: "rpm", architecture: "arm64" },
    disk: { stagingFreeBytes: 600 * 1024, installFreeBytes: 600 * 1024 },
    receipt: { configurationId: "c", adopted: true, version: undefined },
    lock: { runId: "run-1", configurationId: "urn:web", pid: 42 },
    staged: [
      { runId: "run-1", state: "running" },
      { runId: "run-0", state: "abandoned" },
    ],
  });
  expect(seen.agents[0]).toMatchObject({ server: { host: "2001:db8::1", port: 8443 }, connected: "unknown" });
});

test("the id of a machine leaves this room as its hash only", async () => {
  const seen = await look("::kace machine-id=0123456789abcdef0123456789abcdef\n");
  expect(seen.machineId).toBe("3eb1bd439947eb762998e566ccc2e099c791118b2f40579cc4f7da2b5061b7f9");
});

/** This machine, looked at by a shell; `edit` may bend the script. */
function thisMachine(shell: string, edit = (script: string) => script): Machine {
  return machineThat(
    (request) =>
      new Promise((resolve, reject) => {
        const assignments = Object.entries(request.variables ?? {}).map(([name, value]) => `${name}='${value}'\n`);
        const child = spawn(shell, ["-c", assignments.join("") + edit(request.script)], {
          stdio: ["ignore", "pipe", "pipe"],
        });
        let stdout = "";
        let stderr = "";
        child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
        child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
        child.on("error", reject);
        child.on("close", () => (stderr === "" ? resolve(stdout) : reject(new Error(stderr))));
      }),
  );
}

test.each(["sh", "bash"])("the script itself runs in %s, and tells of this machine", async (shell) => {
  const seen = await probe(thisMachine(shell), {
    flavours: FLAVOURS_LOOKED_FOR,
    server: { host: "localhost", port: 9 },
    configurationId: "c",
  });
  expect(seen.os.platform).toBe(process.platform);
  expect(seen.os.architecture).toBe({ x64: "amd64" }[process.arch as string] ?? process.arch);
  expect(seen.privilege).toBe(process.getuid?.() === 0 ? "root" : "user");
  expect(seen.disk.stagingFreeBytes).toBeGreaterThan(0);
  expect(seen.agents.map((agent) => agent.flavour)).toEqual(["reference", "quest", "bench"]);
  expect(seen.server.resolves).toBe("yes");
});

test("what an installation asks of a machine is told only where it is asked for", async () => {
  expect((await look("::kace clock=1\n")).prerequisites).toBeUndefined();
  const answers = [
    "::kace clock=1800000000",
    "::kace mount.staging=rw,noexec",
    "::kace package.lock=4242 apt-get",
    "::kace has=tar",
    "::kace has=gzip",
  ];
  const request = { flavours: [], configurationId: "c", prerequisites: true };
  const seen = await probe(
    machineThat(() => Promise.resolve(answers.join("\n"))),
    request,
  );
  expect(seen.prerequisites).toEqual({
    clockSeconds: 1_800_000_000,
    stagingMount: ["rw", "noexec"],
    installMount: undefined,
    packageLock: { pid: 4242, program: "apt-get" },
    tools: ["tar", "gzip"],
  });
  const rubbish = await probe(
    machineThat(() => Promise.resolve("::kace clock=noon\n::kace package.lock=who\n::kace mount.staging=\n")),
    request,
  );
  expect(rubbish.prerequisites).toEqual({
    clockSeconds: undefined,
    stagingMount: undefined,
    installMount: undefined,
    packageLock: undefined,
    tools: [],
  });
});

test.each(["sh", "bash"])(
  "%s tells time, mounts and tools of this machine, and that nobody holds the packages",
  async (shell) => {
    const free = join(await temporary(), "nobodys");
    await writeFile(free, "");
    const seen = await probe(thisMachine(shell, withLocks(free)), {
      flavours: [],
      configurationId: "c",
      prerequisites: true,
    });
    const { clockSeconds = 0, installMount, packageLock, tools } = seen.prerequisites ?? {};
    expect(clockSeconds).toBeGreaterThan(1_700_000_000);
    expect(installMount).toContain("rw");
    expect(packageLock).toBe("free");
    expect(tools).toContain("tar");
  },
);

test("who holds a lock of the package manager is named, without waiting for it", async () => {
  const file = join(await temporary(), "lock");
  // As dpkg and rpm do it: fcntl, which flock(1) does not speak.
  const holder = spawn(
    "python3",
    [
      "-c",
      "import fcntl,sys; f=open(sys.argv[1],'w'); fcntl.lockf(f, fcntl.LOCK_EX); print('held', flush=True); sys.stdin.read()",
      file,
    ],
    { stdio: ["pipe", "pipe", "inherit"] },
  );
  try {
    await once(holder.stdout, "data");
    const seen = await probe(thisMachine("sh", withLocks(file)), {
      flavours: [],
      configurationId: "c",
      prerequisites: true,
    });
    expect(seen.prerequisites?.packageLock).toEqual({ pid: holder.pid, program: expect.stringContaining("python3") });
  } finally {
    holder.stdin.end();
    await once(holder, "exit");
  }
});

test("the authorities that an agent trusts are known by what they are, however many lines they took", async () => {
  const one = await createAuthority({ now: Date.UTC(2026, 5, 1) });
  const two = await createAuthority({ now: Date.UTC(2026, 5, 1) });
  const said = (text: string) =>
    look(`::kace agent.reference.present=yes\n::kace agent.reference.trust=${text.replaceAll("\n", " ")}\n`);
  const trusted = async (text: string) => (await said(text)).agents[0]?.trusts;
  expect(await trusted(one.certificate + two.certificate)).toEqual([
    fingerprintOf(one.certificate),
    fingerprintOf(two.certificate),
  ]);
  expect(await trusted("rubbish")).toBeUndefined();
});
