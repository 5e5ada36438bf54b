import { describe, expect, it } from "vitest";
import { authoritiesIn } from "../../provider/agent/agent.ts";
import type { Device } from "../../provider/appliance/operations/devices.ts";
import { diagnose } from "../../provider/rollout/diagnosis.ts";
import { DIAGNOSIS_STEPS } from "../../provider/rollout/diagnosis-findings.ts";
import type { DiagnosisMeans } from "../../provider/rollout/diagnosis-subject.ts";
import type { KnownMachine, LastResult } from "../../provider/rollout/known-machine.ts";
import { bareProbe, rightProbe } from "./played-agent.ts";

const server = { host: "kbox.corp.example", port: 8443 };

const device: Device = {
  kuid: "kuid-0001",
  organization: "default",
  hostname: "web01",
  agentVersion: "1.4.2",
  flavour: "reference",
  os: { platform: "linux", id: "debian", version: "12", name: "Debian", architecture: "amd64" },
  machineId: "",
  addresses: [],
  macs: [],
  publicKey: "k",
  state: "approved",
  connected: true,
  lastSeenAt: "2026-11-21T10:00:00.000Z",
  enrolledAt: "2026-11-21T09:00:00.000Z",
};

/** A way on which all is right, but for what a case changes. */
function means(changes: Partial<DiagnosisMeans> = {}): DiagnosisMeans {
  return {
    forward: async () => ({ kind: "resolved", addresses: ["10.0.0.53"] }),
    portState: async () => "open",
    greet: async () => ({ kind: "trusted" }),
    checkToken: async () => ({ status: "valid", name: "berlin" }),
    knownMachine: async () => ({ device }),
    ...changes,
  };
}

const agent = rightProbe().agents[0];
if (agent === undefined) throw new Error("the right machine has no agent");
const looks = (probe: Awaited<ReturnType<NonNullable<DiagnosisMeans["probe"]>>>) => ({ probe: async () => probe });
const knows = (known: KnownMachine) => ({ knownMachine: async () => known });
const unheard = knows({ targetOf: "fleet" });
const gone = { ...device, connected: false };
const blocked: Device = { ...gone, state: "blocked" };
const away = knows({ device: gone });

/** A result of a run after the agent was seen last. */
const result = (changes: Partial<LastResult>): LastResult => ({
  configuration: "fleet",
  machine: "web01",
  class: "failed",
  code: "server-unresolvable",
  message: "the machine does not resolve kbox.corp.example",
  recordedAt: "2026-11-21T11:00:00.000Z",
  edited: false,
  ...changes,
});
const removal = (changes: Partial<LastResult>) => result({ class: "removed", code: "removed", ...changes });
const unresolvedHere: Pick<DiagnosisMeans, "forward"> = { forward: async () => ({ kind: "not-found" }) };

describe("a diagnosis", () => {
  it("names an agent that was away while the authority of its server was renewed, and what to do", async () => {
    const pem = (text: string) =>
      `-----BEGIN CERTIFICATE-----\n${Buffer.from(text).toString("base64")}\n-----END CERTIFICATE-----\n`;
    const asked = {
      machine: "web01",
      server: { ...server, caCertificate: pem("present") + pem("next") },
      timeoutMs: 1_000,
    };
    const trusting = (...texts: string[]) =>
      means({
        ...knows({ device: { ...gone, trusts: texts.flatMap((text) => authoritiesIn(pem(text))) } }),
      });
    expect((await diagnose(asked, trusting("before"))).firstWrong).toMatchObject({
      step: "tls",
      message: expect.stringContaining("does not trust the server's present authority"),
      hint: expect.stringContaining("pulumi up"),
    });
    for (const known of [trusting("present"), trusting()])
      expect((await diagnose(asked, known)).firstWrong).toMatchObject({ step: "service" });
  });

  it.each<[string, Partial<DiagnosisMeans>, string, string]>([
    [
      "the machine itself did not resolve the name when it was looked at",
      { ...knows({ device: gone, result: result({}) }), ...unresolvedHere },
      "dns",
      "web01 itself was asked by the configuration fleet at 2026-11-21T11:00:00.000Z: the machine does not resolve",
    ],
    [
      "the machine itself did not reach the port when it was looked at",
      knows({
        result: result({ code: "server-unreachable", message: "the machine cannot connect to kbox.corp.example:8443" }),
      }),
      "port",
      "the machine cannot connect to kbox.corp.example:8443",
    ],
    [
      "nothing of another server that the machine was asked about",
      knows({ result: result({ code: "server-unreachable", message: "the machine cannot connect to old:443" }) }),
      "service",
      "no agent of web01 ever came to this appliance",
    ],
    [
      "what was tried last on a machine without an agent, wherever the server's name is known",
      {
        ...knows({ result: result({ class: "unreachable", code: "port-closed", message: "closed" }) }),
        ...unresolvedHere,
      },
      "service",
      "no agent of web01 ever came to this appliance; the last result, of the configuration fleet at 2026-11-21T11:00:00.000Z, is unreachable (port-closed): closed",
    ],
    [
      "what was tried since the agent of a machine was seen last",
      knows({ device: gone, result: result({ class: "unreachable", code: "port-filtered", message: "silent" }) }),
      "service",
      "is unreachable (port-filtered): silent",
    ],
    [
      "a target has not been tried",
      { ...unheard, ...unresolvedHere },
      "service",
      "it is a target of fleet, which has no result of it",
    ],
    [
      "the appliance knows no such machine, whatever the server's name",
      { ...knows({}), forward: async () => ({ kind: "timeout" }), portState: async () => "closed" },
      "service",
      "this appliance knows no machine web01",
    ],
    [
      "the machine cannot resolve the name, though we can",
      looks(bareProbe({ server: { resolves: "no", reachable: "unknown" } })),
      "dns",
      "web01 cannot resolve",
    ],
    [
      "nothing listens",
      { ...away, portState: async () => "closed" },
      "port",
      "nothing listens on kbox.corp.example:8443",
    ],
    ["a firewall drops", { ...away, portState: async () => "filtered" }, "port", "does not answer"],
    [
      "the machine cannot reach the port, though we can",
      looks(bareProbe({ server: { resolves: "yes", reachable: "no" } })),
      "port",
      "web01 cannot reach",
    ],
    [
      "the certificate is not trusted",
      { ...away, greet: async () => ({ kind: "untrusted", message: "it has expired", hint: "renew" }) },
      "tls",
      "it has expired",
    ],
    [
      "something else listens",
      { ...away, greet: async () => ({ kind: "no-tls", message: "it does not speak TLS" }) },
      "tls",
      "does not speak TLS",
    ],
    [
      "the token has expired",
      { ...unheard, checkToken: async () => ({ status: "expired", name: "berlin" }) },
      "token",
      "the token berlin is expired",
    ],
    [
      "the token is not known",
      { ...unheard, checkToken: async () => ({ status: "unknown" }) },
      "token",
      "does not know the token",
    ],
    [
      "the device is in quarantine",
      knows({ device: { ...device, state: "quarantined", reason: "token-exhausted" } }),
      "quarantine",
      "waits in quarantine: its token had no uses left",
    ],
    ["the device is blocked", knows({ device: { ...device, state: "blocked" } }), "quarantine", "is blocked"],
    ["no agent is installed", looks(bareProbe()), "service", "no agent is installed on web01"],
    ["the agent is broken", looks(bareProbe({ agents: [{ ...agent, present: "broken" }] })), "service", "not whole"],
    [
      "the agent belongs to another server",
      looks(bareProbe({ agents: [{ ...agent, server: { host: "old", port: 443 } }] })),
      "service",
      "belongs to old:443",
    ],
    [
      "the service is stopped",
      looks(bareProbe({ agents: [{ ...agent, service: { state: "inactive", enabled: "yes" } }] })),
      "service",
      "is inactive",
    ],
    [
      "the agent is not connected",
      looks(bareProbe({ agents: [{ ...agent, connected: "no" }] })),
      "service",
      "not connected",
    ],
    ["the appliance never heard of it", unheard, "service", "no agent of web01 ever came"],
    [
      "the machine is off",
      { ...away, ...looks({ failed: "port 22 did not answer" }) },
      "service",
      "last seen at 2026-11-21T10:00:00.000Z, and web01 could not be looked at: port 22 did not answer",
    ],
  ])("names first that %s", async (_title, changes, step, message) => {
    const { findings, firstWrong } = await diagnose(
      { machine: "web01", server, token: "value", timeoutMs: 1_000 },
      means(changes),
    );
    expect(firstWrong).toMatchObject({ step, state: "wrong", message: expect.stringContaining(message) });
    expect(firstWrong?.hint).not.toBe("");
    expect(findings.map((finding) => finding.step)).toEqual([...DIAGNOSIS_STEPS]);
  });

  it("takes a name that is not known here for a remark, and says how to see whether the machine knows it", async () => {
    const { findings, firstWrong } = await diagnose(
      { machine: "web01", server, timeoutMs: 1_000 },
      means({ ...away, ...unresolvedHere }),
    );
    expect(findings[0]).toMatchObject({
      step: "dns",
      state: "unknown",
      message: expect.stringMatching(
        /^seen from here, .* does not exist; the agent of web01 found its server last at /,
      ),
      hint: expect.stringContaining("getent hosts kbox.corp.example"),
    });
    expect(firstWrong).toMatchObject({ step: "service", message: expect.stringContaining("is not connected") });
  });

  it("names the appliance's own server where it is stopped, with the command that starts it", async () => {
    const stopped = { ...server, startedBy: "kace serve --name kbox.corp.example" };
    for (const way of [{ ...away, ...unresolvedHere }, away, unheard])
      expect((await diagnose({ machine: "web01", server: stopped, timeoutMs: 1_000 }, means(way))).firstWrong).toEqual({
        step: "port",
        state: "wrong",
        message: "the appliance's server kbox.corp.example:8443 does not run",
        hint: "start it with `kace serve --name kbox.corp.example`, or by the service that runs it",
      });
  });

  it.each([
    ["removed", "removed", "removed the agent of web01"],
    ["unchanged", "not-installed", "wants no agent, and found none on web01"],
  ] as const)("expects no agent where the last result is %s (%s), whatever else it would find", async (...of) => {
    const [outcomeClass, code, what] = of;
    const last = result({ class: outcomeClass, code, message: "no agent is there" });
    const broken: Partial<DiagnosisMeans> = { ...unresolvedHere, portState: async () => "closed" };
    const stopped = { ...server, startedBy: "kace serve --name kbox.corp.example" };
    for (const known of [{ result: last }, { device: gone, result: last }, { device: blocked, result: last }]) {
      const asked = { machine: "web01", server: stopped, timeoutMs: 1_000 };
      const { findings, firstWrong } = await diagnose(asked, means({ ...broken, ...knows(known) }));
      expect(firstWrong).toBeUndefined();
      expect(findings.map(({ step }) => step)).toEqual(DIAGNOSIS_STEPS);
      expect(findings.at(-1)).toEqual({
        step: "service",
        state: "right",
        message: `the configuration fleet ${what} at 2026-11-21T11:00:00.000Z: none is expected there`,
      });
      expect(findings[0]).toMatchObject({
        state: "unknown",
        message: "not looked at: no agent is expected on web01",
      });
    }
  });

  it.each<[string, Partial<DiagnosisMeans>]>([
    ["came again since", knows({ device: gone, result: removal({ recordedAt: "2026-11-21T09:30:00.000Z" }) })],
    [
      "may be wanted, as the configuration was edited since",
      knows({ device: gone, result: removal({ edited: true }) }),
    ],
    [
      "is on the machine",
      {
        ...knows({ device: gone, result: removal({}) }),
        ...looks(bareProbe({ agents: [{ ...agent, present: "broken" }] })),
      },
    ],
  ])("looks for an agent that was removed and %s", async (_title, changes) => {
    const { firstWrong } = await diagnose({ machine: "web01", server, timeoutMs: 1_000 }, means(changes));
    expect(firstWrong).toMatchObject({ step: "service", state: "wrong" });
  });

  it("believes no result of before its agent came last", async () => {
    const before = knows({ device: gone, result: result({ recordedAt: "2026-11-21T09:30:00.000Z" }) });
    const { findings, firstWrong } = await diagnose({ machine: "web01", server, timeoutMs: 1_000 }, means(before));
    expect(findings[0]).toMatchObject({ step: "dns", state: "right" });
    expect(firstWrong).toMatchObject({ step: "service", message: expect.not.stringContaining("fleet") });
  });

  it("names nothing where all is right", async () => {
    const { findings, firstWrong } = await diagnose(
      { machine: "web01", server, timeoutMs: 1_000 },
      means(looks(rightProbe())),
    );
    expect(firstWrong).toBeUndefined();
    expect(findings.map(({ state }) => state)).toEqual(DIAGNOSIS_STEPS.map(() => "right"));
  });

  it("says which token the machine needs to nobody who does not know it", async () => {
    const { findings } = await diagnose({ machine: "web01", server, timeoutMs: 1_000 }, means(unheard));
    expect(findings.find(({ step }) => step === "token")).toMatchObject({ state: "unknown" });
  });

  it("never says the token's value", async () => {
    const diagnosis = await diagnose(
      { machine: "web01", server, token: "CANARY", timeoutMs: 1_000 },
      means({ ...unheard, checkToken: async () => ({ status: "unknown" }) }),
    );
    expect(JSON.stringify(diagnosis)).not.toContain("CANARY");
  });

  it("believes an agent that is connected more than what can be seen from here", async () => {
    const blind = means({ forward: async () => ({ kind: "timeout" }), portState: async () => "filtered" });
    const { findings, firstWrong } = await diagnose({ machine: "web01", server, timeoutMs: 1_000 }, blind);
    expect(firstWrong).toBeUndefined();
    expect(findings.map(({ step }) => step)).toEqual(DIAGNOSIS_STEPS);
  });

  it("believes no connection to the own server of another one that it is asked about", async () => {
    const asked = { machine: "web01", server: { host: "other", port: 443, elsewhere: true }, timeoutMs: 1_000 };
    const { findings, firstWrong } = await diagnose(asked, means({ portState: async () => "closed" }));
    expect(firstWrong).toMatchObject({ step: "port", message: "nothing listens on other:443" });
    expect(findings.filter(({ step, state }) => state === "right" && step !== "dns" && step !== "tls")).toEqual([]);
    expect(findings.at(-1)).toMatchObject({
      step: "service",
      state: "unknown",
      message: "the agent of web01 is connected to this appliance's server, which proves nothing of other:443",
    });
    expect((await diagnose(asked, means())).firstWrong).toBeUndefined();
  });

  it.each([
    ["unknown", "wrong", "the appliance does not know the token"],
    ["expired", "wrong", "the token berlin is expired"],
    ["exhausted", "wrong", "the token berlin is exhausted"],
    ["disabled", "wrong", "the token berlin is disabled"],
    ["valid", "right", "the token berlin is valid"],
  ] as const)(
    "says of a token that it is %s, also where the appliance knows no such machine",
    async (status, state, message) => {
      const name = status === "unknown" ? undefined : "berlin";
      const { findings, firstWrong } = await diagnose(
        { machine: "web01", server, token: "value", timeoutMs: 1_000 },
        means({ ...knows({}), checkToken: async () => ({ status, name }) }),
      );
      expect(findings.find(({ step }) => step === "token")).toMatchObject({ state, message });
      expect(firstWrong?.step).toBe(state === "wrong" ? "token" : "service");
      expect(findings.at(-1)).toMatchObject({ message: expect.stringContaining("knows no machine web01") });
    },
  );

  it("asks which machine is meant where several are called so", async () => {
    const several = ["web01.a.example (kuid-0001)", "web01.b.example (10.2.0.1)"];
    const { findings, firstWrong } = await diagnose(
      { machine: "web01", server, timeoutMs: 1_000 },
      means(knows({ several })),
    );
    expect(firstWrong).toEqual({
      step: "service",
      state: "wrong",
      message: "2 machines are called web01: web01.a.example (kuid-0001), web01.b.example (10.2.0.1)",
      hint: "say which one by its whole name, its address or its KUID",
    });
    expect(findings[0]).toMatchObject({
      state: "unknown",
      message: "not looked at: web01 is what 2 machines are called",
    });
  });
});
