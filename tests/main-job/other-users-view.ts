import type { LabHost } from "../../examples/lab/lab.ts";

const FILE = "/run/other-users-view";
const STOP = "/run/other-users-view.stop";

// What a user without any right sees of all processes, over and over: command lines, and environments where it may.
const SCRIPT = `
while [ ! -e ${STOP} ]; do
  for process in /proc/[0-9]*; do
    tr '\\000' ' ' <"$process/cmdline"
    tr '\\000' ' ' <"$process/environ"
    echo
  done 2>/dev/null
  sleep 0.05
done >>${FILE}
`;

/** What any user of a host could read of its processes while something went on. */
export class OtherUsersView {
  readonly #host: LabHost;
  readonly #looking: Promise<string>;

  private constructor(host: LabHost, looking: Promise<string>) {
    this.#host = host;
    this.#looking = looking;
    // Where a test fails before it ends the looking, its host goes down under it.
    looking.catch(() => undefined);
  }

  /** Begins to look. */
  static async of(host: LabHost): Promise<OtherUsersView> {
    await host.run(["rm", "-f", FILE, STOP]);
    await host.run(["install", "--owner=nobody", "--mode=0600", "/dev/null", FILE]);
    const nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"];
    return new OtherUsersView(host, host.run([...nobody, "sh", "-c", SCRIPT], { timeoutMs: 600_000 }));
  }

  /** Ends it and gives all that was seen. */
  async end(): Promise<string> {
    await this.#host.run(["touch", STOP]);
    await this.#looking;
    const seen = await this.#host.readFile(FILE);
    await this.#host.run(["rm", "-f", FILE, STOP]);
    return seen;
  }
}
