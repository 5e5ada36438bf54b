/**
 * What a port says to a connection: `open` accepts it, `closed` refuses it (so that a machine is there), `filtered`
 * says nothing within the time-out, or something on the way says that it cannot be reached. The words are nmap's.
 */
export type PortState = "open" | "closed" | "filtered";

/** One port of one address. */
export interface PortResult {
  readonly port: number;
  readonly state: PortState;
}

/** All ports that were asked for at one address, in the order in which they were given. */
export interface AddressResult {
  readonly address: string;
  readonly ports: readonly PortResult[];
}

/** True if something answered: a machine has this address. */
export function isLive({ ports }: AddressResult): boolean {
  return ports.some(({ state }) => state !== "filtered");
}
