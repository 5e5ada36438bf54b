import type { Activation, DesiredAgent, Plan, Probe } from "../../provider/agent/agent.ts";
import { FLAVOURS } from "../../provider/agent/agent.ts";
import { type Ended, type Machine, MachineError, type MachineErrorCode } from "../../provider/machines/machine.ts";
import type { AgentWork, CarriablePlan } from "../../provider/rollout/agent-work.ts";

/** What a probe of a bare Debian machine says. */
export function bareProbe(changes: Partial<Probe> = {}): Probe {
  return {
    hostname: "web01",
    machineId: "a".repeat(64),
    bootId: "boot-1",
    os: {
      platform: "linux",
      distribution: "debian",
      version: "12",
      title: "Debian GNU/Linux 12",
      family: "debian",
      architecture: "amd64",
      libc: "glibc",
    },
    init: "systemd",
    privilege: "root",
    disk: { stagingFreeBytes: 1e9, installFreeBytes: 1e9 },
    agents: [],
    receipt: undefined,
    lock: undefined,
    staged: [],
    server: { resolves: "yes", reachable: "yes" },
    ...changes,
  };
}

/** The same machine with a right agent. */
export function rightProbe(version = "1.4.2"): Probe {
  return bareProbe({
    agents: [
      {
        flavour: "reference",
        present: "yes",
        version,
        server: { host: "kbox.corp.example", port: 8443 },
        service: { state: "active", enabled: "yes" },
        connected: "yes",
        enrolment: "approved",
        kuid: "kuid-1",
        remark: undefined,
      },
    ],
  });
}

export const desired: DesiredAgent = {
  state: "present",
  flavour: FLAVOURS.reference,
  server: { host: "kbox.corp.example", port: 8443 },
  configurationId: "berlin",
  packages: [],
};

/** A plan of the agent room; `none` writes nothing. */
export function planned(action: CarriablePlan["action"], changes: Partial<CarriablePlan> = {}): CarriablePlan {
  const common = {
    reason: `${action} it`,
    remarks: [],
    writes: action !== "none",
    adopts: false,
    sweeps: false,
    receipt: undefined,
  };
  // Steps are of no interest here: the activation is played.
  return {
    ...common,
    action: action === "none" || action === "remove" ? action : "repair",
    ...changes,
  } as CarriablePlan;
}

/** How an activation ended badly. */
export function failure(changes: Partial<Extract<Activation, { class: "failed" }>> = {}): Activation {
  return {
    class: "failed",
    code: "install-failed",
    message: "the installer exited with 1",
    hint: "read its log",
    resumable: false,
    transient: false,
    evidence: {},
    probeAfter: undefined,
    log: ["E: broken"],
    ...changes,
  };
}

/** How an activation ended well. */
export const success: Activation = {
  class: "succeeded",
  message: "proved",
  evidence: {},
  probeAfter: rightProbe(),
  log: [],
};

/** An agent room whose answers are given, one after the other, the last one again and again. */
export class PlayedAgent implements AgentWork {
  readonly probes: (Probe | MachineError)[];
  readonly plans: Plan[];
  readonly activations: Activation[];
  readonly calls: string[] = [];
  readonly runIds: string[] = [];

  constructor(script: { probes?: (Probe | MachineError)[]; plans?: Plan[]; activations?: Activation[] }) {
    this.probes = script.probes ?? [bareProbe()];
    this.plans = script.plans ?? [planned("repair")];
    this.activations = script.activations ?? [success];
  }

  async probe(): Promise<Probe> {
    this.calls.push("probe");
    const next = this.#next(this.probes);
    if (next instanceof MachineError) throw next;
    return next;
  }

  planFor(): Plan {
    this.calls.push("plan");
    return this.#next(this.plans);
  }

  async activate(_machine: Machine, _plan: Plan, { runId }: { readonly runId: string }): Promise<Activation> {
    this.calls.push("activate");
    this.runIds.push(runId);
    return this.#next(this.activations);
  }

  async resumeActivation(_machine: Machine, _plan: Plan, { runId }: { readonly runId: string }): Promise<Activation> {
    this.calls.push("resume");
    this.runIds.push(runId);
    return this.#next(this.activations);
  }

  #next<T>(answers: T[]): T {
    const [first] = answers;
    if (first === undefined) throw new Error("the play has no such answer");
    if (answers.length > 1) answers.shift();
    return first;
  }
}

/** A connection that only counts its end. */
export class PlayedMachine implements Machine {
  readonly address = "web01:22";
  readonly dialect = "posix";
  readonly hostKey = { type: "ssh-ed25519", key: "AAAA", fingerprint: "SHA256:one" };
  closed = 0;

  async runScript(): Promise<Ended> {
    throw new Error("nothing runs on a played machine");
  }

  async put(): Promise<void> {
    throw new Error("nothing is put on a played machine");
  }

  async close(): Promise<void> {
    this.closed++;
  }
}

/** An error of the way to a machine. */
export function fault(code: MachineErrorCode, transient = false): MachineError {
  return new MachineError({ code, message: `played: ${code}`, transient });
}
