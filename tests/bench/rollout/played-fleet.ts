import { createHash, randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import ssh2, { type ServerChannel } from "ssh2";

/*
 * Plays many machines on loopback addresses, in one process: an sshd that lets every key in, and of each machine the
 * answers that our scripts would give there. Its argument is the path of a JSON; it says its port on a line.
 */

/** What the process is told. */
export interface PlayedFleet {
  readonly addresses: readonly string[];
  /** Path of the host key that all of them have. */
  readonly hostKeyFile: string;
  /** The version that the package brings. */
  readonly version: string;
  /** As Debian calls it. */
  readonly architecture: string;
}

const BOOT_ID = "6b4f4f7e-7f0b-4b8e-9d5d-1f5f3f6f0a11";

/** One script that was sent: its text with its variables, and how much of its stdin has come. */
class Conversation {
  readonly #channel: ServerChannel;
  readonly #answer: (script: string) => readonly string[];
  #head: Buffer = Buffer.alloc(0);
  #script: { readonly text: string; readonly nonce: string } | undefined;
  #missingBytes = 0;

  constructor(channel: ServerChannel, answer: (script: string) => readonly string[]) {
    this.#channel = channel;
    this.#answer = answer;
    const begin = "kace~begin 4711\n";
    channel.write(begin);
    channel.stderr.write(begin);
    channel.on("data", (chunk: Buffer) => this.#take(chunk));
  }

  #take(chunk: Buffer): void {
    if (this.#script === undefined) {
      this.#head = Buffer.concat([this.#head, chunk]);
      const lineEnd = this.#head.indexOf(10);
      if (lineEnd < 0) return;
      const [length, nonce = ""] = this.#head.toString("latin1", 0, lineEnd).split(" ");
      const scriptEnd = lineEnd + 1 + Number(length);
      if (this.#head.length < scriptEnd) return;
      const text = this.#head.toString("utf8", lineEnd + 1, scriptEnd);
      this.#script = { text, nonce };
      this.#missingBytes = Number(/^PK_SIZE='(\d+)'$/m.exec(text)?.[1] ?? 0) - (this.#head.length - scriptEnd);
      this.#head = Buffer.alloc(0);
    } else this.#missingBytes -= chunk.length;
    if (this.#missingBytes === 0) this.#end(this.#script);
  }

  #end({ text, nonce }: { readonly text: string; readonly nonce: string }): void {
    const lines = this.#answer(text).map((line) => `::kace ${line}\n`);
    const end = `kace~end ${nonce} 0\n`;
    this.#channel.write(`${lines.join("")}${end}`);
    this.#channel.stderr.write(end);
    this.#channel.exit(0);
    this.#channel.end();
  }
}

/** A machine that is there as long as this process. */
class PlayedMachine {
  readonly #address: string;
  readonly #fleet: PlayedFleet;
  #installed = false;

  constructor(address: string, fleet: PlayedFleet) {
    this.#address = address;
    this.#fleet = fleet;
  }

  answer(script: string): readonly string[] {
    if (!/^PK_ACTION='install'$/m.test(script)) return [...this.#look(), "looked=yes"];
    this.#installed = true;
    const word = "installing bench";
    return [
      "phase=upload",
      "phase=work",
      `log=${word}`,
      "completed=install",
      ...this.#look(),
      "looked=yes",
      "ended=yes",
    ];
  }

  #look(): readonly string[] {
    const { version, architecture } = this.#fleet;
    return [
      "platform=Linux",
      `hostname=${this.#address.replaceAll(".", "-")}`,
      `machine=${architecture === "arm64" ? "aarch64" : "x86_64"}`,
      "uid=0",
      `machine-id=${createHash("md5").update(this.#address).digest("hex")}`,
      `boot-id=${BOOT_ID}`,
      "init=none",
      "os.ID=debian",
      'os.VERSION_ID="12"',
      'os.PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"',
      "libc=glibc",
      "tool=dpkg",
      `dpkg.architecture=${architecture}`,
      "disk.staging=/dev/vda 103000000 3000000 100000000 3% /",
      "disk.install=/dev/vda 103000000 3000000 100000000 3% /",
      ...(this.#installed
        ? ["agent.bench.present=yes", `agent.bench.version=${version}`, "agent.bench.service=absent"]
        : ["agent.bench.present=no"]),
      "server.resolves=yes",
      "server.reachable=yes",
    ];
  }
}

async function main(): Promise<void> {
  const fleet: PlayedFleet = JSON.parse(readFileSync(process.argv[2] ?? "", "utf8"));
  const hostKeys = [readFileSync(fleet.hostKeyFile)];
  let port = 0;
  for (const address of fleet.addresses) {
    const machine = new PlayedMachine(address, fleet);
    const server = new ssh2.Server({ hostKeys, ident: `played_${randomBytes(2).toString("hex")}` }, (client) => {
      client.on("authentication", (attempt) => attempt.accept());
      client.on("error", () => client.end()); // a connection that breaks is a machine's everyday life
      client.on("session", (accept) => {
        accept().on("exec", (begin) => new Conversation(begin(), (script) => machine.answer(script)));
      });
    });
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(port, address, resolve);
    });
    const bound: AddressInfo | string | null = server.address();
    if (bound === null || typeof bound === "string") throw new Error("a played machine has no port");
    port = bound.port;
  }
  console.log(port);
}

if (import.meta.main) await main();
