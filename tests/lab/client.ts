import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ExecResult, execute } from "../../examples/lab/command.ts";
import type { Lab, LabHost } from "../../examples/lab/lab.ts";

/** How to log in with the real ssh client. */
export interface Login {
  readonly user?: string;
  /** The path of a private key; without one the client has none. */
  readonly key?: string;
  /** A password, or the passphrase of the key: whatever is asked for. */
  readonly secret?: string;
  readonly options?: readonly string[];
}

/** The OpenSSH client as a user has it, with a known_hosts file of the lab's hosts and no settings of its own. */
export class SshClient {
  readonly #folder: string;
  readonly #lab: Lab;

  private constructor(folder: string, lab: Lab) {
    this.#folder = folder;
    this.#lab = lab;
  }

  static async make(lab: Lab): Promise<SshClient> {
    const folder = await mkdtemp(join(tmpdir(), "kace-lab-client-"));
    const client = new SshClient(folder, lab);
    await client.learnHosts();
    // ssh asks a program for passwords where there is no terminal.
    const asker = join(folder, "ask");
    await writeFile(asker, `#!/bin/sh\nprintf '%s\\n' "$LAB_SECRET"\n`);
    await chmod(asker, 0o700);
    return client;
  }

  /** Takes the hosts' present keys as the known ones. */
  async learnHosts(): Promise<void> {
    await writeFile(join(this.#folder, "known_hosts"), this.#lab.knownHosts());
  }

  /** Runs a command on a host; ssh itself ends with 255 where it does not get that far. */
  async run(host: LabHost, command: string, login: Login = {}): Promise<ExecResult> {
    const options = [
      `UserKnownHostsFile=${join(this.#folder, "known_hosts")}`,
      "GlobalKnownHostsFile=/dev/null",
      "StrictHostKeyChecking=yes",
      "IdentitiesOnly=yes",
      "NumberOfPasswordPrompts=1",
      ...(login.options ?? []),
    ];
    const identity = login.key === undefined ? [] : ["-i", login.key];
    const argv = [
      "ssh",
      "-F",
      "none",
      "-p",
      String(host.sshPort),
      ...identity,
      ...options.flatMap((option) => ["-o", option]),
    ];
    const env = {
      PATH: process.env.PATH,
      HOME: this.#folder,
      SSH_ASKPASS: join(this.#folder, "ask"),
      SSH_ASKPASS_REQUIRE: "force",
      LAB_SECRET: login.secret ?? "",
    };
    return execute([...argv, `${login.user ?? "root"}@${host.address}`, command], { env });
  }

  async remove(): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true });
  }
}
