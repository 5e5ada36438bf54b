import { createHash } from "node:crypto";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openLocal } from "../../provider/appliance/local/local.ts";
import { runKace } from "../../provider/cli/program.ts";
import { LINUX_REQUIREMENTS, type MachineReadiness } from "../../provider/rollout/prerequisites/requirement.ts";
import { LOGIN, makeKey, Sshd, temporaryFolder } from "../machines/sshd.ts";

describe("kace check", () => {
  let folder: string;
  let keys: string;
  let sshd: Sshd;
  let key: ReturnType<typeof makeKey>;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "kace-check-"));
    keys = temporaryFolder();
    key = makeKey(keys, "user", "ed25519");
    sshd = await Sshd.start({ authorizedKeys: [key.publicKey] });
  });

  afterAll(async () => {
    sshd?.stop();
    for (const one of [folder, keys]) await rm(one, { recursive: true, force: true });
  });

  async function kace(...args: readonly string[]) {
    const [out, err]: [string[], string[]] = [[], []];
    const exitCode = await runKace(["--database", join(folder, "appliance"), ...args], {
      terminal: { out: (text) => void out.push(text), err: (text) => void err.push(text) },
      environment: {},
      signal: new AbortController().signal,
    });
    return { exitCode, out: out.join("\n"), err: err.join("\n") };
  }

  const logIn = () => ["--user", LOGIN, "--key-file", key.path, "--port", String(sshd.port)];

  it("looks at a real machine by its sshd, and names what stands in the way with its repair", async () => {
    // Nothing listens on port 1 of it.
    const server = ["--server", "localhost", "--server-port", "1", "--agent-version", "1.4.2"];
    const { exitCode, out } = await kace("--json", "check", "127.0.0.1", ...logIn(), ...server);
    const machines: MachineReadiness[] = JSON.parse(out);
    expect(machines.map(({ machine, lines }) => [machine, lines.map(({ requirement }) => requirement)])).toEqual([
      ["127.0.0.1", [...LINUX_REQUIREMENTS]],
    ]);
    const states = Object.fromEntries(machines[0]?.lines.map(({ requirement, state }) => [requirement, state]) ?? []);
    expect(states).toMatchObject({
      port: "met",
      "host-key": "met",
      "log-in": "met",
      root: LOGIN === "root" ? "met" : "not-met",
      "supported-os": "met",
      "package-tool": "met",
      clock: "met",
      "server-name": "met",
      "server-port": "not-met",
    });
    expect(exitCode).toBe(3);
    const shown = await kace("check", "127.0.0.1", ...logIn(), ...server);
    expect(shown.out).toMatch(/^127\.0\.0\.1: not ready$/m);
    expect(shown.out).toMatch(/^server-port +NOT MET +the machine cannot connect to localhost:1$/m);
    expect(shown.out).toMatch(/^server-port: repair: let the firewalls between them pass it/m);
  });

  it("says of a log-in that is refused so, and shows the commands for what it could not see", async () => {
    const other = makeKey(keys, "other", "ed25519");
    const { exitCode, out } = await kace("check", "127.0.0.1", ...logIn(), "--key-file", other.path);
    expect(exitCode).toBe(3);
    expect(out).toMatch(/^failed \(auth-failed\): /m);
    expect(out).toMatch(/^host-key +met/m);
    expect(out).toMatch(/^log-in +NOT MET/m);
    expect(out).toContain("disk: see it there by: df -h /var/tmp /opt");
  });

  it("says of a machine that is off in one sentence what a run would, and lists nothing to see there", async () => {
    const { exitCode, out } = await kace("check", "127.0.0.1", ...logIn(), "--port", "1");
    expect(exitCode).toBe(3);
    expect(out).toBe(
      "127.0.0.1: not ready\n\nunreachable (port-closed): nothing listens on port 1\n  start sshd there or give its port",
    );
  });

  it("looks at the ports of Windows machines only, and prints how to see the rest", async () => {
    const { out } = await kace("check", "--windows", "127.0.0.1");
    expect(out).toMatch(/^port-445 +(met|NOT MET) /m);
    expect(out).toContain("uac: see it there by: reg query HKLM");
    expect(out).toContain("simple-file-sharing: if it is not so: reg add HKLM");
  });

  it("refuses what is no machine, and a log-in with nothing, before it looks at any", async () => {
    expect(await kace("check", "10.0.0.300", ...logIn())).toMatchObject({ exitCode: 2, out: "" });
    const { exitCode, err } = await kace("check", "127.0.0.1", "--user", LOGIN, "--agent-socket", "");
    expect(exitCode).toBe(2);
    expect(err).toContain("there is nothing to log in with");
    expect(await kace("check", "127.0.0.1", "--key-file", join(keys, "none"))).toMatchObject({
      exitCode: 2,
      err: `kace: --key-file: there is no file ${join(keys, "none")}\n  check the path`,
    });
  });

  it("makes no appliance, and pins no host key", async () => {
    await kace("check", "127.0.0.1", ...logIn());
    expect(await readdir(folder)).toEqual([]);
  });

  it("refuses a version that the bundle has no package of", async () => {
    const file = { platform: "linux", architecture: "amd64", format: "deb", version: "1.5.0" } as const;
    const appliance = await openLocal({ folder: join(keys, "appliance") });
    const content = Buffer.from("a package");
    const sha256 = createHash("sha256").update(content).digest("hex");
    async function* bytes(): AsyncGenerator<Uint8Array> {
      yield content;
    }
    await appliance.putPackage(sha256, content.length, bytes());
    await appliance.saveBundle({
      name: "agents",
      version: "1.5.0",
      flavour: "reference",
      packages: [{ ...file, fileName: "kace-reference-agent_1.5.0_amd64.deb", sha256, sizeBytes: content.length }],
      loaded: false,
    });
    await appliance.close();
    const { exitCode, err } = await kace(
      ...["--database", join(keys, "appliance"), "check", "127.0.0.1", ...logIn()],
      ...["--bundle", "agents", "--agent-version", "1.4.2"],
    );
    expect({ exitCode, err }).toEqual({
      exitCode: 2,
      err: "kace: the bundle agents has no package of version 1.4.2; it has 1.5.0",
    });
  });

  it("shows no password", async () => {
    const file = join(keys, "password");
    await writeFile(file, "password-canary-1\n", { mode: 0o600 });
    const { out, err } = await kace("check", "127.0.0.1", "--password-file", file, "--port", String(sshd.port));
    expect(out).toMatch(/^log-in +NOT MET/m);
    expect(out + err).not.toContain("password-canary");
  });
});
