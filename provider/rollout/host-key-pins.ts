import type { Input, Output } from "../appliance/appliance.ts";
import { ApplianceError } from "../appliance/errors.ts";
import { type HostKey, MachineError } from "../machines/machine.ts";

/** The part of an appliance that keeps host keys. */
export interface HostKeyStore {
  listHostKeys(input: Input<"listHostKeys">): Promise<Output<"listHostKeys">>;
  pinHostKey(input: Input<"pinHostKey">): Promise<unknown>;
}

/** The host keys that were accepted before, and the place for those that are accepted now. */
export interface HostKeyPins {
  /** The key that is pinned for a host and port, if any: then no other is believed. */
  known(host: string, port: number): readonly HostKey[];
  /**
   * Keeps the key of a host that had none.
   * @throws MachineError `host-key-changed` if another run pinned another key meanwhile
   */
  pin(host: string, port: number, key: HostKey): Promise<void>;
}

/**
 * The pins of an appliance, read once.
 *
 * @param configurationId whom new ones are pinned for; absent in a preview, which writes nothing
 */
export async function readPins(store: HostKeyStore, configurationId?: string | undefined): Promise<HostKeyPins> {
  const pins = new Map<string, HostKey[]>();
  const { hostKeys } = await store.listHostKeys({});
  for (const { host, port, type, key, fingerprint } of hostKeys) {
    const place = placeOf(host, port);
    pins.set(place, [...(pins.get(place) ?? []), { type, key, fingerprint }]);
  }
  return {
    known: (host, port) => pins.get(placeOf(host, port)) ?? [],
    async pin(host, port, hostKey) {
      if (configurationId === undefined || pins.has(placeOf(host, port))) return;
      const { type, key, fingerprint } = hostKey;
      try {
        await store.pinHostKey({ host: host.toLowerCase(), port, type, key, fingerprint, configurationId });
      } catch (error) {
        if (!(error instanceof ApplianceError) || error.code !== "conflict") throw error;
        throw new MachineError({
          code: "host-key-changed",
          message: error.message,
          hint: error.hint,
          cause: error,
        });
      }
      pins.set(placeOf(host, port), [hostKey]);
    },
  };
}

function placeOf(host: string, port: number): string {
  return `${host.toLowerCase()} ${port}`;
}
