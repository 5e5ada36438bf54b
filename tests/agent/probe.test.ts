import { spawn } from "node:child_process";
import { expect, test } from "vitest";
import { bench, FLAVOURS, probe } from "../../provider/agent/agent.ts";
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

test.each(["sh", "bash"])("the script itself runs in %s, and tells of this machine", async (shell) => {
  const machine = machineThat(
    (request) =>
      new Promise((resolve, reject) => {
        const assignments = Object.entries(request.variables ?? {}).map(([name, value]) => `${name}='${value}'\n`);
        const child = spawn(shell, ["-c", assignments.join("") + request.script], {
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
  const seen = await probe(machine, {
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
