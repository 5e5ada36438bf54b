import { randomUUID } from "node:crypto";
import { createServer, type Server, type Socket } from "node:net";
import type { Lab, LabHost } from "../../examples/lab/lab.ts";
import {
  type Activation,
  type ActivationRequest,
  activate,
  type DesiredAgent,
  FLAVOURS,
  type Plan,
  type Probe,
  planFor,
  probe,
} from "../../provider/agent/agent.ts";
import type { ByteSource, Machine } from "../../provider/machines/machine.ts";
import { connectSsh } from "../../provider/machines/ssh/connect.ts";
import { sourceOf, type standInPackage } from "./stand-in.ts";

export type StandIn = Awaited<ReturnType<typeof standInPackage>>;

/** A port that accepts connections and keeps them: all that the stand-in asks of a server. */
export class Listener {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly port: number;

  private constructor(server: Server, port: number) {
    this.#server = server;
    this.port = port;
    server.on("connection", (socket) => {
      this.#sockets.add(socket);
      socket.on("error", () => socket.destroy());
      socket.on("close", () => this.#sockets.delete(socket));
    });
  }

  static async on(host: string): Promise<Listener> {
    const server = createServer();
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(0, host, resolve);
    });
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("the listener has no port");
    return new Listener(server, address.port);
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

/** A lab host and what a configuration does to it, over real SSH. */
export class Site {
  readonly host: LabHost;
  readonly #lab: Lab;
  readonly #packages: readonly StandIn[];
  readonly desired: DesiredAgent;

  constructor(lab: Lab, host: LabHost, port: number, packages: readonly StandIn[]) {
    this.#lab = lab;
    this.host = host;
    this.#packages = packages;
    this.desired = {
      state: "present",
      flavour: FLAVOURS.reference,
      server: { host: "gateway", port },
      configurationId: "urn:web",
      packages: packages.map((one) => one.package),
    };
  }

  connect(): Promise<Machine> {
    return connectSsh({
      host: this.host.address,
      port: this.host.sshPort,
      username: "root",
      credentials: { privateKey: this.#lab.keys.ed25519.privateKey },
      hostKeys: { mode: "insecure" },
      connectTimeoutMs: 60_000,
      authTimeoutMs: 60_000,
    });
  }

  async with<Result>(work: (machine: Machine) => Promise<Result>): Promise<Result> {
    const machine = await this.connect();
    try {
      return await work(machine);
    } finally {
      await machine.close();
    }
  }

  look(desired: Partial<DesiredAgent> = {}): Promise<Probe> {
    const wanted = { ...this.desired, ...desired };
    return this.with((machine) =>
      probe(machine, {
        flavours: [wanted.flavour],
        server: wanted.server,
        configurationId: wanted.configurationId,
      }),
    );
  }

  async plan(desired: Partial<DesiredAgent> = {}): Promise<Plan> {
    return planFor(await this.look(desired), { ...this.desired, ...desired });
  }

  request(desired: Partial<DesiredAgent> = {}, more: Partial<ActivationRequest> = {}): ActivationRequest {
    return {
      desired: { ...this.desired, ...desired },
      source: (chosen) => this.open(chosen.sha256),
      token: "good-token-canary-4711",
      verify: { timeoutMs: 60_000, waitForConnection: true },
      timeouts: { installMs: 120_000 },
      runId: randomUUID(),
      ...more,
    };
  }

  /** Looks, plans and carries the plan out, whatever it is. */
  async up(desired: Partial<DesiredAgent> = {}, more: Partial<ActivationRequest> = {}): Promise<Activation> {
    return this.with(async (machine) => {
      const wanted = { ...this.desired, ...desired };
      const seen = await probe(machine, {
        flavours: [wanted.flavour],
        server: wanted.server,
        configurationId: wanted.configurationId,
      });
      return activate(machine, planFor(seen, wanted), this.request(desired, more));
    });
  }

  open(sha256: string): ByteSource {
    const found = this.#packages.find((one) => one.package.sha256 === sha256);
    if (found === undefined) throw new Error(`no package has the hash ${sha256}`);
    return sourceOf(found.path, found.package);
  }

  /** How often a package's own script ran its configure step. */
  async installs(): Promise<string[]> {
    const { stdout } = await this.host.exec(["sh", "-c", "cat /var/log/stand-in-installs 2>/dev/null || true"]);
    return stdout.split("\n").filter((line) => line !== "");
  }

  /** From now on a package that `waits` does, in the middle of its installation. */
  async hold(): Promise<void> {
    await this.host.run(["touch", "/run/stand-in-hold"]);
  }

  async release(): Promise<void> {
    await this.host.run(["rm", "-f", "/run/stand-in-hold"]);
  }

  /** Staging directories, locks and receipts in the making. */
  async leftovers(): Promise<string> {
    const { stdout } = await this.host.exec([
      "sh",
      "-c",
      "ls -d /var/tmp/pulumi-kace-* /run/pulumi-kace.* /var/lib/pulumi-kace/*.new 2>/dev/null || true",
    ]);
    return stdout.trim();
  }

  /** Everything that an installation could write, with times and sizes, but for the agent's own running data. */
  async listing(): Promise<string> {
    return this.host.run([
      "sh",
      "-c",
      "find /etc /opt /usr /var/lib /var/tmp /var/cache -xdev -not -path '/var/lib/kace-reference/*' -not -path '/var/lib/systemd/*' -not -path /var/lib/kace-reference -printf '%p %s %C@ %m\\n' | sort",
    ]);
  }

  /** Takes the agent and all traces of earlier tests off, by hand. */
  async clean(): Promise<void> {
    await this.host.exec([
      "sh",
      "-c",
      "dpkg --force-all -P kace-reference-agent; rm -rf /opt/kace-reference /etc/kace-reference /var/lib/kace-reference /var/lib/pulumi-kace /var/tmp/pulumi-kace-* /run/pulumi-kace.* /run/stand-in-hold /var/log/stand-in-installs; systemctl daemon-reload; systemctl reset-failed; true",
    ]);
  }
}
