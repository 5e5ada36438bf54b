import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

/** A network namespace in which a /16 has a few machines and everything else is silent. */
export interface DeadNetwork {
  readonly network: string;
  /** What a command line begins with to run in it. */
  readonly enter: readonly string[];
  remove(): Promise<void>;
}

const ip = promisify(execFile);

/**
 * Makes the namespace. What is sent to the network goes to a gateway behind an interface that swallows everything;
 * the addresses of machines are the namespace's own. Needs root.
 *
 * @param folder for the list of commands
 */
export async function makeDeadNetwork(machines: number, folder: string): Promise<DeadNetwork> {
  const name = `bench-dead-${process.pid}`;
  await ip("ip", ["netns", "add", name]);
  const remove = async () => {
    await ip("ip", ["netns", "delete", name]);
  };
  try {
    const addresses = Array.from({ length: machines }, (_, index) => `10.77.${index % 256}.${10 + (index % 200)}`);
    const commands = [
      "link set lo up",
      // What comes out at the other end is addressed to nobody there.
      "link add swallow type veth peer name throat",
      "addr add 10.99.0.1/24 dev swallow",
      "link set swallow up",
      "link set throat up",
      "neigh add 10.99.0.2 lladdr 02:00:00:00:00:01 dev swallow",
      "route add 10.77.0.0/16 via 10.99.0.2",
      ...addresses.map((address) => `addr add ${address}/32 dev lo`),
    ];
    const file = join(folder, "dead-network.ip");
    await writeFile(file, `${commands.join("\n")}\n`);
    await ip("ip", ["-netns", name, "-batch", file]);
  } catch (error) {
    await remove();
    throw error;
  }
  return { network: "10.77.0.0/16", enter: ["ip", "netns", "exec", name], remove };
}
