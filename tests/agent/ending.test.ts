import { expect, test } from "vitest";
import {
  type Activation,
  type ActivationRequest,
  type AgentPackage,
  activate,
  FLAVOURS,
  type Plan,
  resumeActivation,
} from "../../provider/agent/agent.ts";
import {
  type Ended,
  type Machine,
  MachineError,
  type MachineErrorCode,
  type ScriptRequest,
} from "../../provider/machines/machine.ts";

const one = (version: string): AgentPackage => ({
  fileName: `kace-reference-agent_${version}_amd64.deb`,
  platform: "linux",
  architecture: "amd64",
  format: "deb",
  version,
  sha256: "ab".repeat(32),
  sizeBytes: 10,
});

const planned = { reason: "", remarks: [], writes: true, adopts: false, sweeps: false, receipt: undefined };
const install: Plan = { action: "install", steps: [one("1.4.2")], ...planned };

const request: ActivationRequest = {
  desired: {
    state: "present",
    flavour: FLAVOURS.reference,
    server: { host: "kbox", port: 443 },
    configurationId: "urn:web",
    packages: [one("1.4.2")],
  },
  source: ({ sha256, sizeBytes }) => ({ sha256, sizeBytes, open: async function* () {} }),
  token: "canary-token",
  verify: { timeoutMs: 1_000, waitForConnection: true },
  timeouts: { installMs: 1_000 },
  runId: "run-1",
};

/** A machine whose scripts say these lines one after the other, and then end or break. */
function machineThat(...runs: readonly { readonly says: readonly string[]; readonly breaks?: MachineErrorCode }[]) {
  const seen: ScriptRequest[] = [];
  const machine: Machine = {
    address: "played",
    dialect: "posix",
    runScript: async (script): Promise<Ended> => {
      const run = runs[seen.length];
      seen.push(script);
      for (const line of run?.says ?? []) script.onLine?.(line, "stdout");
      if (run?.breaks !== undefined) throw new MachineError({ code: run.breaks, message: `it says ${run.breaks}` });
      return { exitCode: 0, stdout: (run?.says ?? []).join("\n"), stderr: "", truncated: false };
    },
    put: () => Promise.reject(new Error("nothing is put")),
    close: () => Promise.resolve(),
  };
  return { machine, seen };
}

const looked = [
  "::kace uid=0",
  "::kace agent.reference.present=yes",
  "::kace agent.reference.version=1.4.2",
  "::kace looked=yes",
];
const rightNow = [
  ...looked,
  "::kace platform=Linux",
  "::kace agent.reference.server=kbox:443",
  "::kace agent.reference.service=active",
  "::kace agent.reference.enabled=yes",
  "::kace agent.reference.connected=yes",
  "::kace agent.reference.enrolment=approved",
];
const recorded = '::kace receipt={"configurationId":"urn:web","flavour":"reference","version":"1.4.2"}';

test.each<{ story: string; says: string[]; breaks?: MachineErrorCode; ending: Record<string, unknown> }>([
  {
    story: "completed",
    says: ["::kace phase=work", "::kace completed=install", ...looked],
    ending: { class: "succeeded" },
  },
  {
    story: "a code",
    says: ["::kace code=install-failed", "::kace message=it says canary-token"],
    ending: { class: "failed", code: "install-failed", message: "it says [token]", resumable: false },
  },
  { story: "a code of tomorrow", says: ["::kace code=eaten-by-a-bear"], ending: { class: "failed", code: "lost" } },
  { story: "nothing", says: [], ending: { class: "failed", code: "lost", resumable: true } },
  {
    story: "busy",
    says: ["::kace holder=r:urn%3Adb:1:2:b", "::kace code=busy"],
    ending: { class: "failed", code: "busy", message: 'a run of the configuration "urn:db" is working on the machine' },
  },
  {
    story: "busy with an update of the agent",
    says: ["::kace holder=agent-update-task-1:@agent-update:1:2:b", "::kace code=busy"],
    ending: { class: "failed", code: "busy", message: "an update of its agent is under way on the machine" },
  },
  {
    story: "cut before anything",
    says: [],
    breaks: "lost",
    ending: { class: "failed", code: "lost", resumable: true, transient: true },
  },
  {
    story: "cut in the package",
    says: ["::kace phase=upload"],
    breaks: "lost",
    ending: { class: "failed", code: "upload-failed", resumable: true, transient: true },
  },
  {
    story: "cut at work",
    says: ["::kace phase=upload", "::kace phase=work"],
    breaks: "lost",
    ending: { class: "failed", code: "lost", resumable: true, transient: false },
  },
  {
    story: "cut after the last word",
    says: ["::kace phase=work", "::kace completed=install", ...looked],
    breaks: "lost",
    ending: { class: "succeeded" },
  },
  {
    story: "cancelled before the work",
    says: ["::kace phase=upload"],
    breaks: "cancelled",
    ending: { class: "failed", code: "cancelled", resumable: false },
  },
  {
    story: "cancelled at work",
    says: ["::kace phase=work"],
    breaks: "cancelled",
    ending: { class: "failed", code: "lost", resumable: true },
  },
  {
    story: "no root",
    says: [],
    breaks: "no-privilege",
    ending: { class: "failed", code: "no-privilege", resumable: false },
  },
  {
    story: "a password for sudo",
    says: [],
    breaks: "sudo-password",
    ending: { class: "failed", code: "sudo-password", resumable: false },
  },
])("what a machine says or does not say becomes an ending: $story", async ({ says, breaks, ending }) => {
  const { machine } = machineThat(breaks === undefined ? { says } : { says, breaks });
  expect(await activate(machine, install, request)).toMatchObject(ending);
});

test("a fault of this program is not an ending of the machine", async () => {
  const machine: Machine = { ...machineThat().machine, runScript: () => Promise.reject(new TypeError("a fault")) };
  await expect(activate(machine, install, request)).rejects.toThrow("a fault");
});

test("the token is struck out of every line, and is in no variable but the agent's configuration", async () => {
  const lines: string[] = [];
  const { machine, seen } = machineThat({
    says: ["::kace log=using canary-token", "::kace code=install-failed", "::kace log.tail=had canary-token"],
  });
  const ended = await activate(machine, install, { ...request, onLog: (line) => lines.push(line) });
  expect(lines).toEqual(["using [token]"]);
  expect(JSON.stringify(ended)).not.toContain("canary-token");
  const holding = Object.entries(seen[0]?.variables ?? {}).filter(([, value]) => value.includes("canary-token"));
  expect(holding.map(([name]) => name)).toEqual(["PK_CONFIG"]);
  expect(seen[0]?.script).not.toContain("canary-token");
});

test("a run's name that could leave its directory is refused", async () => {
  await expect(activate(machineThat().machine, install, { ...request, runId: "../etc" })).rejects.toThrow(TypeError);
});

test("several packages go one after the other, the last alone is configured and recorded", async () => {
  const done = { says: ["::kace completed=upgrade", ...looked] };
  const { machine, seen } = machineThat(done, done);
  const receipt = {
    configurationId: "urn:web",
    flavour: "reference",
    version: "1.5.0",
    packageSha256: undefined,
    packageFormat: undefined,
    adopted: false,
  };
  const plan: Plan = { action: "upgrade", steps: [one("1.4.2"), one("1.5.0")], ...planned, receipt };
  expect(await activate(machine, plan, request)).toMatchObject({ class: "succeeded" });
  expect(
    seen.map(({ variables }) => [variables?.PK_VERSION, variables?.PK_FINAL, variables?.PK_RECEIPT !== ""]),
  ).toEqual([
    ["1.4.2", "no", false],
    ["1.5.0", "yes", true],
  ]);
});

test("a step that fails is the last", async () => {
  const { machine, seen } = machineThat({ says: ["::kace code=install-failed"] });
  const plan: Plan = { action: "upgrade", steps: [one("1.4.2"), one("1.5.0")], ...planned };
  expect(await activate(machine, plan, request)).toMatchObject({ code: "install-failed" });
  expect(seen).toHaveLength(1);
});

test("a blocked plan touches no machine", async () => {
  const { machine, seen } = machineThat();
  const ended = await activate(machine, { action: "blocked", code: "claimed", reason: "why", hint: "so" }, request);
  expect(ended).toMatchObject({ class: "failed", code: "claimed", message: "why", hint: "so" });
  expect(seen).toHaveLength(0);
});

test("an earlier run is waited for, and what it left is planned anew", async () => {
  const { machine, seen } = machineThat(
    { says: ["::kace completed=install"] },
    { says: [...rightNow, recorded] },
    { says: ["::kace completed=none"] },
  );
  const ended = await activate(machine, { ...install, awaits: { runId: "run-0" } }, request);
  expect(ended).toMatchObject({ class: "unchanged" });
  expect(seen[0]?.variables?.PK_RUN).toBe("run-0");
  expect(seen[2]?.variables).toMatchObject({ PK_RUN: "run-1", PK_ACTION: "none" });
});

test.each<{ story: string; says: string[]; ending: Partial<Activation> & Record<string, unknown> }>([
  {
    story: "its result is there",
    says: ["::kace completed=install", ...rightNow, recorded],
    ending: { class: "succeeded" },
  },
  {
    story: "its result is bad",
    says: ["::kace code=install-failed"],
    ending: { code: "install-failed", resumable: false },
  },
  {
    story: "it is gone, and the machine is right",
    says: ["::kace resumed=gone", ...rightNow, recorded],
    ending: { class: "succeeded" },
  },
  {
    story: "it is gone, and the machine is not right",
    says: [
      "::kace resumed=abandoned",
      "::kace uid=0",
      "::kace platform=Linux",
      "::kace machine=x86_64",
      "::kace tool=dpkg",
      "::kace looked=yes",
    ],
    ending: { code: "lost", transient: true, resumable: false },
  },
  { story: "it goes on and on", says: ["::kace resumed=waiting"], ending: { code: "lost", resumable: true } },
])("a run that was left alone is found again: $story", async ({ says, ending }) => {
  expect(await resumeActivation(machineThat({ says }).machine, install, request)).toMatchObject(ending);
});
