import { execFileSync, spawn } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ByteSource, Machine } from "../../provider/machines/machine.ts";
import { connectSsh, type SshOptions } from "../../provider/machines/ssh/connect.ts";
import { JumpChain } from "../../provider/machines/ssh/jump-chain.ts";
import { LOGIN, makeKey, Sshd, temporaryFolder } from "./sshd.ts";

const folder = temporaryFolder();
const ed25519 = makeKey(folder, "ed25519", "ed25519");
const encrypted = makeKey(folder, "encrypted", "ed25519", "open sesame");
const rsa = makeKey(folder, "rsa", "rsa");
const ecdsa = makeKey(folder, "ecdsa", "ecdsa");
const authority = makeKey(folder, "authority", "ed25519");
const certified = {
  ed25519: makeKey(folder, "certified-ed25519", "ed25519"),
  ecdsa: makeKey(folder, "certified-ecdsa", "ecdsa"),
  rsa: makeKey(folder, "certified-rsa", "rsa"),
};
const stranger = makeKey(folder, "stranger", "ed25519");
let sshd: Sshd;

beforeAll(async () => {
  sshd = await Sshd.start({
    authorizedKeys: [ed25519, encrypted, rsa, ecdsa].map((key) => key.publicKey),
    extra: [`TrustedUserCAKeys ${authority.path}.pub`],
  });
});
afterAll(() => {
  sshd?.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function withMachine<T>(work: (machine: Machine) => Promise<T>, others: Partial<SshOptions> = {}): Promise<T> {
  const machine = await connectSsh(sshd.options({ privateKey: ed25519.privateKey }, others));
  try {
    return await work(machine);
  } finally {
    await machine.close();
  }
}

const says = async (options: SshOptions): Promise<string> => {
  const machine = await connectSsh(options);
  try {
    return (await machine.runScript({ script: "id -un" })).stdout;
  } finally {
    await machine.close();
  }
};

function bytes(content: Uint8Array, sha256 = createHash("sha256").update(content).digest("hex")): ByteSource {
  return {
    sizeBytes: content.length,
    sha256,
    async *open() {
      for (let at = 0; at < content.length; at += 65_536) yield content.subarray(at, at + 65_536);
    },
  };
}

/** Waits for something that another process does. */
async function until(condition: () => boolean): Promise<void> {
  for (const deadline = Date.now() + 25_000; Date.now() < deadline; ) {
    if (condition()) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`waited in vain for ${condition}`);
}

/** Cancels a script once what it started sleeps, and waits until that is gone. */
async function cancelledAsItSleeps(machine: Machine, pidFile: string, cancel: AbortController): Promise<void> {
  const running = machine.runScript({
    script: 'sh -c \'echo $$ > "$1"; sleep 600\' sh "$FILE"',
    variables: { FILE: pidFile },
    signal: cancel.signal,
  });
  running.catch(() => undefined); // looked at below, where it may have ended before
  await until(() => existsSync(pidFile) && readFileSync(pidFile, "utf8").endsWith("\n"));
  cancel.abort();
  await expect(running).rejects.toMatchObject({ code: "cancelled", transient: false });
  await until(() => !isAlive(Number(readFileSync(pidFile, "utf8"))));
}

describe("a log-in", () => {
  test.each([
    ["an Ed25519 key", { privateKey: ed25519.privateKey }],
    ["an RSA key", { privateKey: rsa.privateKey }],
    ["an ECDSA key", { privateKey: ecdsa.privateKey }],
    ["an encrypted key", { privateKey: encrypted.privateKey, passphrase: "open sesame" }],
    ["a key, where a password was given too", { privateKey: ed25519.privateKey, password: "unused" }],
  ])("works with %s", async (_, credentials) => {
    expect(await says(sshd.options(credentials))).toBe(`${LOGIN}\n`);
  });

  test.each(["ed25519", "ecdsa", "rsa"] as const)("works with a certificate for a key of type %s", async (type) => {
    const { path, privateKey } = certified[type];
    execFileSync(
      "ssh-keygen",
      ["-q", "-s", authority.path, "-I", "test", "-n", LOGIN, "-V", "-1h:+1h", `${path}.pub`],
      {
        stdio: "pipe",
      },
    );
    const certificate = readFileSync(`${path}-cert.pub`, "utf8");
    expect(await says(sshd.options({ privateKey, certificate }))).toBe(`${LOGIN}\n`);
    await expect(connectSsh(sshd.options({ privateKey }))).rejects.toMatchObject({ code: "auth-failed" });
  });

  test("works with an agent that holds the key", async () => {
    const socket = join(folder, "agent.sock");
    const agent = spawn("ssh-agent", ["-D", "-a", socket], { stdio: "ignore" });
    try {
      await until(() => existsSync(socket));
      execFileSync("ssh-add", ["-q", ed25519.path], { env: { ...process.env, SSH_AUTH_SOCK: socket }, stdio: "pipe" });
      expect(await says(sshd.options({ agentSocket: socket }))).toBe(`${LOGIN}\n`);
    } finally {
      agent.kill();
    }
  });

  test("says what was tried where it is refused, and is not worth trying again", async () => {
    await expect(
      connectSsh(sshd.options({ privateKey: stranger.privateKey, password: "hunter2" })),
    ).rejects.toMatchObject({
      code: "auth-failed",
      transient: false,
      message: `the log-in as ${LOGIN} was refused: tried the private key (ssh-ed25519); the server accepts publickey`,
    });
  });

  test("says that the agent does not answer", async () => {
    await expect(connectSsh(sshd.options({ agentSocket: join(folder, "nobody") }))).rejects.toMatchObject({
      code: "auth-failed",
      message: expect.stringContaining("the agent: Failed to connect to agent"),
    });
  });

  test.each([
    [{}, "no credentials were given"],
    [{ privateKey: encrypted.privateKey }, "needs a passphrase"],
    [{ privateKey: encrypted.privateKey, passphrase: "wrong" }, "the passphrase of the private key is wrong"],
    [{ certificate: "x" }, "no private key that belongs to it"],
    [{ privateKey: ed25519.privateKey, certificate: ed25519.publicKey }, "no OpenSSH user certificate"],
  ])("with useless credentials says so (%#)", async (credentials, words) => {
    await expect(connectSsh(sshd.options(credentials))).rejects.toMatchObject({
      code: "auth-failed",
      message: expect.stringContaining(words),
    });
  });
});

describe("the host key", () => {
  const connectWith = (hostKeys: SshOptions["hostKeys"]) =>
    withMachine(async (machine) => machine.hostKey, { hostKeys });

  test("of a type that is known is asked for, though the server prefers another", async () => {
    const name = `[127.0.0.1]:${sshd.port}`;
    expect(await connectWith({ mode: "strict", knownHosts: `${name} ${sshd.hostKeys.rsa}` })).toMatchObject({
      type: "ssh-rsa",
    });
    expect(await connectWith({ mode: "pinned", keys: [sshd.hostKeys.rsa] })).toMatchObject({ type: "ssh-rsa" });
  });

  test("that is accepted as new is the one to record and is believed from then on", async () => {
    const shown = await connectWith({ mode: "acceptNew", known: [] });
    expect(`${shown?.type} ${shown?.key}`).toBe(sshd.hostKeys.ed25519);
    const printed = execFileSync("ssh-keygen", ["-lf", join(sshd.folder, "host_ed25519.pub")], { encoding: "utf8" });
    expect(printed).toContain(shown?.fingerprint);
    if (shown === undefined) throw new Error("no key");
    expect(await connectWith({ mode: "acceptNew", known: [shown] })).toEqual(shown);
    expect(await connectWith({ mode: "pinned", keys: [shown.fingerprint] })).toEqual(shown);
  });

  test("is any under insecure", async () => {
    expect(await connectWith({ mode: "insecure" })).toMatchObject({ type: "ssh-ed25519" });
  });

  test.each([
    ["host-key-unknown", () => ({ mode: "strict" as const, knownHosts: "" })],
    [
      "host-key-changed",
      () => ({ mode: "strict" as const, knownHosts: `[127.0.0.1]:${sshd.port} ${stranger.publicKey}` }),
    ],
    ["host-key-changed", () => ({ mode: "pinned" as const, keys: [stranger.publicKey] })],
  ])("is refused: %s", async (code, policy) => {
    await expect(connectWith(policy())).rejects.toMatchObject({ code, transient: false });
  });
});

describe("a script", () => {
  test("gets its variables unharmed and answers with its outputs and exit code", async () => {
    const value = 'it\'s "$HOME" `id` \\ \n two\tlines ünïcode *';
    const ended = await withMachine((machine) =>
      machine.runScript({ script: 'printf %s "$VALUE"; echo oops >&2; exit 7', variables: { VALUE: value } }),
    );
    expect(ended).toEqual({ exitCode: 7, stdout: value, stderr: "oops\n", truncated: false });
  });

  test("finds its payload on stdin to the byte, and an empty stdin without one", async () => {
    const content = randomBytes(3_000_001);
    await withMachine(async (machine) => {
      const sum = await machine.runScript({ script: "sha256sum", payload: bytes(content) });
      expect(sum.stdout.split(" ")[0]).toBe(bytes(content).sha256);
      expect((await machine.runScript({ script: "wc -c" })).stdout.trim()).toBe("0");
    });
  });

  test("need not read its payload", async () => {
    const content = randomBytes(8_000_000);
    const ended = await withMachine((machine) => machine.runScript({ script: "exit 3", payload: bytes(content) }));
    expect(ended.exitCode).toBe(3);
  });

  test("leaves nothing of itself on a command line or in the environment", async () => {
    const ended = await withMachine((machine) =>
      machine.runScript({
        script: 'env; for p in /proc/[0-9]*/cmdline; do tr "\\0" " " < "$p" 2>/dev/null; done; : "$TOKEN"',
        variables: { TOKEN: `canary-${"x"}-4711` },
        payload: bytes(Buffer.from("canary-x-4711")),
      }),
    );
    expect(ended.stdout).toContain("kace~begin");
    expect(ended.stdout).not.toContain("canary-x-4711");
  });

  test("runs with a path that has the sbin folders, in the C locale, and makes private files", async () => {
    const ended = await withMachine((machine) => machine.runScript({ script: 'echo "$PATH|$LC_ALL|$(umask)"' }));
    const [path, locale, mask] = ended.stdout.trim().split("|");
    expect(path?.split(":")).toEqual(expect.arrayContaining(["/usr/sbin", "/sbin", "/usr/local/sbin"]));
    expect([locale, Number(mask)]).toEqual(["C", 77]);
  });

  test("is shown line by line, also a last line without end", async () => {
    const lines: string[] = [];
    await withMachine((machine) =>
      machine.runScript({
        script: "echo one; echo two; echo three >&2; printf four",
        onLine: (line, stream) => lines.push(`${stream}: ${line}`),
      }),
    );
    expect(lines.filter((line) => line.startsWith("stdout"))).toEqual(["stdout: one", "stdout: two", "stdout: four"]);
    expect(lines).toContain("stderr: three");
  });

  test("that is over is over, though what it started holds its output open", async () => {
    const pidFile = join(folder, "daemon.pid");
    const ended = await withMachine((machine) =>
      machine.runScript({ script: 'sleep 600 & echo $! > "$FILE"; echo started', variables: { FILE: pidFile } }),
    );
    process.kill(Number(readFileSync(pidFile, "utf8")));
    expect(ended).toMatchObject({ exitCode: 0, stdout: "started\n" });
  });

  test("that was killed says by what", async () => {
    const ended = await withMachine((machine) => machine.runScript({ script: "kill -KILL $$; sleep 600" }));
    expect(ended).toMatchObject({ exitCode: undefined, exitSignal: "SIGKILL" });
  });

  test("with 100 MB of output keeps the first and the last of it", async () => {
    const ended = await withMachine(
      (machine) =>
        machine.runScript({ script: "echo first; head -c 100000000 /dev/zero | tr '\\0' x; echo; echo last" }),
      { outputLimitBytes: 10_000 },
    );
    expect(ended.truncated).toBe(true);
    expect(ended.stdout.length).toBeLessThan(11_000);
    expect(ended.stdout).toMatch(/^first\nx+\n\[\d+ bytes dropped\]\nx+\nlast\n$/);
  }, 120_000);

  test("with output that is no UTF-8 has replacement marks in it", async () => {
    const ended = await withMachine((machine) => machine.runScript({ script: "printf 'a\\377b\\n'" }));
    expect(ended.stdout).toBe("a\uFFFDb\n");
  });

  test("and others run side by side over one connection, more than the server has sessions for", async () => {
    const outputs = await withMachine((machine) =>
      Promise.all(Array.from({ length: 25 }, (_, index) => machine.runScript({ script: `echo ${index}` }))),
    );
    expect(outputs.map((ended) => ended.stdout.trim())).toEqual(outputs.map((_, index) => String(index)));
  });

  test("that takes too long is ended with all it started", async () => {
    const pidFile = join(folder, "slow.pid");
    await withMachine(async (machine) => {
      const running = machine.runScript({
        script: 'sh -c \'echo $$ > "$1"; sleep 600; echo never\' sh "$FILE"; echo never',
        variables: { FILE: pidFile },
        timeoutMs: 2_000,
      });
      await expect(running).rejects.toMatchObject({
        code: "command-timeout",
        message: "a command took longer than 2 s and was ended",
      });
      if (existsSync(pidFile)) expect(isAlive(Number(readFileSync(pidFile, "utf8")))).toBe(false);
      expect((await machine.runScript({ script: "echo still here" })).stdout).toBe("still here\n");
    });
  });

  test("that nobody wants any more is ended with all it started", async () => {
    const pidFile = join(folder, "cancelled.pid");
    const cancel = new AbortController();
    await withMachine(async (machine) => {
      await cancelledAsItSleeps(machine, pidFile, cancel);
      await expect(machine.runScript({ script: "echo", signal: cancel.signal })).rejects.toMatchObject({
        code: "cancelled",
      });
    });
  });

  test("is ended with all it started also where other processes come and go", async () => {
    // Some that were there before it end while it is looked for.
    const churn = spawn("sh", ["-c", "while :; do for _ in 1 2 3 4 5; do sleep 0.3 & done; sleep 0.01; done"], {
      stdio: "ignore",
    });
    const pidFile = join(folder, "churned.pid");
    try {
      await withMachine(async (machine) => {
        for (let round = 0; round < 5; round++) {
          rmSync(pidFile, { force: true });
          await cancelledAsItSleeps(machine, pidFile, new AbortController());
        }
      });
    } finally {
      churn.kill("SIGKILL");
    }
  });

  test("is lost where the connection breaks under it", async () => {
    // The server's process of this connection is the nearest one above that is an sshd.
    const script = [
      'at=$PPID; while ! grep -q "^sshd" "/proc/$at/comm"; do at=$(sed -n "s/^PPid:.//p" "/proc/$at/status"); done',
      'kill -KILL "$at"; sleep 600',
    ].join("\n");
    await withMachine(async (machine) => {
      await expect(machine.runScript({ script })).rejects.toMatchObject({ code: "lost", transient: true });
      await expect(machine.runScript({ script: "echo" })).rejects.toMatchObject({ code: "lost" });
    });
  });

  test("is not run after the connection was closed, which may be done twice", async () => {
    const machine = await connectSsh(sshd.options({ privateKey: ed25519.privateKey }));
    await machine.close();
    await machine.close();
    await expect(machine.runScript({ script: "echo" })).rejects.toMatchObject({ code: "cancelled" });
  });

  test("has no variable with a NUL or a name that is none", async () => {
    await withMachine(async (machine) => {
      await expect(machine.runScript({ script: "", variables: { A: "x\0secret" } })).rejects.toThrow(
        new TypeError("the variable A holds a NUL character"),
      );
      await expect(machine.runScript({ script: "", variables: { "A;id": "" } })).rejects.toThrow(TypeError);
    });
  });
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    // A process that has ended and whose parent has not noticed is there still.
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}

describe("a file", () => {
  const place = join(folder, "put");
  mkdirSync(place);

  test("arrives whole, private, in place of another, and leaves nothing beside it", async () => {
    const target = join(place, "it's a file");
    writeFileSync(target, "old", { mode: 0o666 });
    const content = randomBytes(1_500_000);
    await withMachine((machine) => machine.put(bytes(content), target));
    expect(readFileSync(target).equals(content)).toBe(true);
    expect(lstatSync(target).mode & 0o777).toBe(0o600);
    expect(readdirSync(place)).toEqual(["it's a file"]);
    await withMachine((machine) => machine.put(bytes(Buffer.from("new")), target, { mode: 0o755 }));
    expect([readFileSync(target, "utf8"), lstatSync(target).mode & 0o777]).toEqual(["new", 0o755]);
  });

  test("takes the place of a link, not of what the link leads to", async () => {
    const victim = join(folder, "victim");
    const link = join(folder, "link");
    writeFileSync(victim, "untouched");
    symlinkSync(victim, link);
    await withMachine((machine) => machine.put(bytes(Buffer.from("new")), link));
    expect([readFileSync(victim, "utf8"), readFileSync(link, "utf8")]).toEqual(["untouched", "new"]);
  });

  test("that is altered on the way is refused, and the old one stays", async () => {
    const target = join(folder, "altered");
    writeFileSync(target, "old");
    const sent = withMachine((machine) => machine.put(bytes(Buffer.from("evil"), "0".repeat(64)), target));
    await expect(sent).rejects.toMatchObject({ code: "checksum-mismatch", transient: false });
    expect(readFileSync(target, "utf8")).toBe("old");
    expect(readdirSync(folder).filter((name) => name.includes(".kace-"))).toEqual([]);
  });

  test.each([
    ["into a folder that does not exist", () => join(folder, "nowhere", "file"), /could not be written: .*/],
    ["in place of a folder", () => place, /there is a folder at this place/],
  ])("%s is refused in words", async (_, target, words) => {
    await expect(withMachine((machine) => machine.put(bytes(Buffer.from("x")), target()))).rejects.toMatchObject({
      code: "upload-failed",
      message: expect.stringMatching(words),
    });
  });

  test("that cannot be read here is refused, and nothing is put in its place", async () => {
    const target = join(folder, "unreadable");
    const source: ByteSource = {
      sizeBytes: 10,
      sha256: "0".repeat(64),
      async *open() {
        yield Buffer.from("abc");
        throw new Error("disk on fire");
      },
    };
    await expect(withMachine((machine) => machine.put(source, target))).rejects.toMatchObject({
      code: "upload-failed",
      message: "what is to be sent could not be read: disk on fire",
    });
    expect(existsSync(target)).toBe(false);
  });
});

describe("a jump host", () => {
  test("is gone through, with a log-in and a host key of its own", async () => {
    const inner = await Sshd.start({ authorizedKeys: [rsa.publicKey] });
    try {
      const jump = sshd.options({ privateKey: ed25519.privateKey });
      const through = inner.options({ privateKey: rsa.privateKey }, { jumps: new JumpChain({ hosts: () => [jump] }) });
      const machine = await connectSsh(through);
      const ended = await machine.runScript({ script: 'echo "$SSH_CONNECTION"' });
      expect(ended.stdout.trim().split(" ").at(-1)).toBe(String(inner.port));
      const content = randomBytes(2_000_000);
      const sum = await machine.runScript({ script: "sha256sum", payload: bytes(content) });
      expect(sum.stdout.split(" ")[0]).toBe(bytes(content).sha256);
      await machine.close();
    } finally {
      inner.stop();
    }
  });

  test.each([
    ["host-key-changed", { hostKeys: { mode: "pinned" as const, keys: [stranger.publicKey] } }],
    ["auth-failed", { credentials: { privateKey: stranger.privateKey } }],
  ])("that fails is named: %s", async (code, change) => {
    const jump = { ...sshd.options({ privateKey: ed25519.privateKey }), ...change };
    const options = sshd.options({ privateKey: ed25519.privateKey }, { jumps: new JumpChain({ hosts: () => [jump] }) });
    await expect(connectSsh(options)).rejects.toMatchObject({
      code,
      message: expect.stringMatching(/^the jump host 127\.0\.0\.1: /),
    });
  });

  test("is logged in to once for all machines that are connected at the same time", async () => {
    const inner = await Sshd.start({ authorizedKeys: [rsa.publicKey] });
    const logIns: string[] = [];
    const jumps = new JumpChain({
      hosts: () => [sshd.options({ privateKey: ed25519.privateKey })],
      onLogIn: async ({ host }, { fingerprint }) => {
        logIns.push(`${host} ${fingerprint}`);
      },
    });
    const through = inner.options({ privateKey: rsa.privateKey }, { jumps });
    try {
      const machines = await Promise.all(Array.from({ length: 12 }, () => connectSsh(through)));
      const [first, ...others] = machines;
      await first?.close();
      const said = await Promise.all(others.map((machine) => machine.runScript({ script: "echo there" })));
      expect(said.map(({ stdout }) => stdout)).toEqual(others.map(() => "there\n"));
      expect(logIns).toEqual([expect.stringMatching(/^127\.0\.0\.1 SHA256:/)]);
      await Promise.all(others.map((machine) => machine.close()));
      // The last one has closed it: whoever comes later logs in anew.
      await (await connectSsh(through)).close();
      expect(logIns).toHaveLength(2);
    } finally {
      inner.stop();
    }
  });

  test("that breaks takes its machines along, and the next one makes another connection", async () => {
    const inner = await Sshd.start({ authorizedKeys: [rsa.publicKey] });
    const relayed: Socket[] = [];
    const relay = createServer((socket) => {
      const onward = connect(sshd.port, "127.0.0.1");
      for (const one of [socket, onward]) one.on("error", () => one.destroy());
      socket.pipe(onward).pipe(socket);
      relayed.push(socket, onward);
    }).listen(0, "127.0.0.1");
    await once(relay, "listening");
    const { port } = relay.address() as AddressInfo; // it listens on a port
    const jump = { ...sshd.options({ privateKey: ed25519.privateKey }), port, hostKeys: { mode: "insecure" as const } };
    const jumps = new JumpChain({ hosts: () => [jump] });
    const through = inner.options({ privateKey: rsa.privateKey }, { jumps });
    try {
      const machine = await connectSsh(through);
      const lost = machine.runScript({ script: "sleep 60" });
      for (const socket of relayed) socket.destroy();
      await expect(lost).rejects.toMatchObject({ code: "lost", transient: true });
      const next = await connectSsh(through);
      expect((await next.runScript({ script: "echo there" })).stdout).toBe("there\n");
      await next.close();
      await machine.close();
    } finally {
      relay.close();
      inner.stop();
    }
  });

  test("is not given up for all where one does not wait any longer", async () => {
    const inner = await Sshd.start({ authorizedKeys: [rsa.publicKey] });
    const jumps = new JumpChain({ hosts: () => [sshd.options({ privateKey: ed25519.privateKey })] });
    const through = inner.options({ privateKey: rsa.privateKey }, { jumps });
    const impatient = new AbortController();
    try {
      const given = connectSsh({ ...through, signal: impatient.signal });
      const patient = connectSsh(through);
      impatient.abort();
      await expect(given).rejects.toMatchObject({ code: "cancelled" });
      const machine = await patient;
      expect((await machine.runScript({ script: "echo there" })).stdout).toBe("there\n");
      await machine.close();
    } finally {
      inner.stop();
    }
  });

  test("says what it finds where the machine behind it is not there", async () => {
    const gone = await Sshd.start({ authorizedKeys: [] });
    gone.stop();
    const jump = sshd.options({ privateKey: ed25519.privateKey });
    const options = sshd.options(
      { privateKey: ed25519.privateKey },
      { jumps: new JumpChain({ hosts: () => [jump] }), port: 1 },
    );
    await expect(connectSsh(options)).rejects.toMatchObject({
      code: "port-closed",
      message: "nothing listens on port 1, seen from the jump host 127.0.0.1",
    });
  });
});
