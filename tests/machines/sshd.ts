import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import type { SshOptions } from "../../provider/machines/ssh/connect.ts";

const PROGRAM = "/usr/sbin/sshd";
const START_DEADLINE_MS = 60_000;
const START_ATTEMPTS = 5;

/** The account that runs the tests: a real sshd needs one that exists. */
export const LOGIN = userInfo().username;

/** A folder for keys and configurations. */
export function temporaryFolder(): string {
  return mkdtempSync(join(tmpdir(), "kace-ssh-"));
}

/** Makes a key pair with ssh-keygen and gives the text of both halves. */
export function makeKey(
  folder: string,
  name: string,
  type: "ed25519" | "rsa" | "ecdsa",
  passphrase = "",
): { readonly path: string; readonly privateKey: string; readonly publicKey: string } {
  const path = join(folder, name);
  execFileSync("ssh-keygen", ["-q", "-t", type, "-N", passphrase, "-C", name, "-f", path], { stdio: "pipe" });
  return { path, privateKey: readFileSync(path, "utf8"), publicKey: readFileSync(`${path}.pub`, "utf8").trim() };
}

/** A real OpenSSH server on loopback, on a port of its own. */
export class Sshd {
  readonly port: number;
  readonly folder: string;
  /** Public key lines of its host keys, by type. */
  readonly hostKeys: { readonly ed25519: string; readonly rsa: string };
  private readonly child: ChildProcess;

  private constructor(parts: { port: number; folder: string; child: ChildProcess; hostKeys: Sshd["hostKeys"] }) {
    this.port = parts.port;
    this.folder = parts.folder;
    this.child = parts.child;
    this.hostKeys = parts.hostKeys;
  }

  static async start(options: { authorizedKeys: readonly string[]; extra?: readonly string[] }): Promise<Sshd> {
    const folder = temporaryFolder();
    if (LOGIN === "root") mkdirSync("/run/sshd", { recursive: true, mode: 0o755 });
    const ed25519 = makeKey(folder, "host_ed25519", "ed25519");
    const rsa = makeKey(folder, "host_rsa", "rsa");
    writeFileSync(join(folder, "authorized_keys"), `${options.authorizedKeys.join("\n")}\n`, { mode: 0o600 });
    for (let attempt = 1; ; attempt++) {
      const port = await freePort();
      const config = join(folder, "sshd_config");
      writeFileSync(
        config,
        [
          // First: sshd takes the first value that it finds.
          ...(options.extra ?? []),
          `Port ${port}`,
          "ListenAddress 127.0.0.1",
          `HostKey ${ed25519.path}`,
          `HostKey ${rsa.path}`,
          `AuthorizedKeysFile ${join(folder, "authorized_keys")}`,
          "PidFile none",
          "UsePAM no",
          "UseDNS no",
          "StrictModes no",
          "PermitRootLogin yes",
          "PasswordAuthentication no",
          "KbdInteractiveAuthentication no",
          "MaxStartups 100",
          "LogLevel ERROR",
        ].join("\n"),
      );
      const child = spawn(PROGRAM, ["-D", "-e", "-f", config], { stdio: ["ignore", "ignore", "pipe"] });
      let said = "";
      child.on("error", (error) => {
        said += `${error.message} (is openssh-server installed?)`;
      });
      child.stderr?.on("data", (chunk: Buffer) => {
        said += chunk.toString();
      });
      if (await answers(child, port)) {
        return new Sshd({
          port,
          folder,
          child,
          hostKeys: { ed25519: firstWords(ed25519.publicKey), rsa: firstWords(rsa.publicKey) },
        });
      }
      child.kill();
      if (attempt === START_ATTEMPTS) throw new Error(`sshd did not start: ${said}`);
    }
  }

  /** How to log in here; everything can be replaced. */
  options(credentials: SshOptions["credentials"], others: Partial<SshOptions> = {}): SshOptions {
    return {
      host: "127.0.0.1",
      port: this.port,
      username: LOGIN,
      credentials,
      hostKeys: { mode: "strict", knownHosts: `[127.0.0.1]:${this.port} ${this.hostKeys.ed25519}` },
      connectTimeoutMs: 60_000,
      authTimeoutMs: 60_000,
      ...others,
    };
  }

  stop(): void {
    this.child.kill();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

function firstWords(line: string): string {
  return line.split(" ").slice(0, 2).join(" ");
}

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}

/** Waits until the port accepts connections; false if the server ended first. */
async function answers(child: ChildProcess, port: number): Promise<boolean> {
  for (const deadline = Date.now() + START_DEADLINE_MS; Date.now() < deadline; ) {
    if (child.exitCode !== null || child.pid === undefined) return false;
    const isOpen = await new Promise<boolean>((resolve) => {
      const socket = connect(port, "127.0.0.1");
      socket.once("connect", () => {
        socket.destroy();
        resolve(true);
      });
      socket.once("error", () => resolve(false));
    });
    if (isOpen) return true;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return false;
}
