/**
 * How a target came into the set. It decides what silence means: a silent `range` address is absent, a silent machine
 * that was named is unreachable.
 */
export type TargetOrigin = "name" | "address" | "range";

/** One machine to be looked at, as the user identified it. */
export interface Target {
  /** What identifies it in results: `web01.corp`, `192.168.2.1` or `[fd00::1]`. */
  readonly key: string;
  /** Lower case, without the dot at its end; only for those given by name. */
  readonly name?: string;
  /** In its canonical form, IPv6 without brackets; only for those given by address. */
  readonly address?: string;
  readonly origin: TargetOrigin;
}

/** The target that a host name stands for. */
export function namedTarget(name: string): Target {
  return { key: name, name, origin: "name" };
}

/** The target that an address stands for. */
export function addressTarget(address: string, origin: "address" | "range"): Target {
  return { key: address.includes(":") ? `[${address}]` : address, address, origin };
}
