import { describe, expect, it } from "vitest";
import { ApplianceError } from "../../provider/appliance/errors.ts";
import { type HostKeyStore, readPins } from "../../provider/rollout/host-key-pins.ts";
import { hostKeysFor } from "../../provider/rollout/ssh-log-in.ts";

const key = { type: "ssh-ed25519", key: "AAAAC3NzaC1lZDI1NTE5AAAAIGf9", fingerprint: "SHA256:one" };
const line = "web01 ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIMqqsHxv9Ev7ZMsjsBrzZpHTBNFmvpC3iF5eMVQJ2mZM";

function store(fault?: ApplianceError): HostKeyStore & { readonly pinned: unknown[] } {
  const pinned: unknown[] = [];
  return {
    pinned,
    listHostKeys: async () => ({
      hostKeys: [{ host: "web01", port: 22, ...key, pinnedAt: "2026-11-21T10:00:00.000Z" }],
    }),
    pinHostKey: async (input) => {
      if (fault !== undefined) throw fault;
      return pinned.push(input);
    },
  };
}

describe("pins of host keys", () => {
  it("are known by host and port, in any case", async () => {
    const pins = await readPins(store());
    expect(pins.known("WEB01", 22)).toEqual([key]);
    expect(pins.known("web01", 2222)).toEqual([]);
  });

  it("are made once for a host that has none", async () => {
    const appliance = store();
    const pins = await readPins(appliance, "berlin");
    await pins.pin("web01", 22, key);
    await pins.pin("Web02", 22, key);
    await pins.pin("web02", 22, key);
    expect(appliance.pinned).toEqual([{ host: "web02", port: 22, ...key, configurationId: "berlin" }]);
    expect(pins.known("web02", 22)).toEqual([key]);
  });

  it("are not made by a preview", async () => {
    const appliance = store();
    await (await readPins(appliance)).pin("web02", 22, key);
    expect(appliance.pinned).toEqual([]);
  });

  it("refuse a key if another run pinned another one meanwhile", async () => {
    const pins = await readPins(store(new ApplianceError({ code: "conflict", message: "another key" })), "berlin");
    await expect(pins.pin("web02", 22, key)).rejects.toMatchObject({ code: "host-key-changed" });
  });

  it("do not hide what is wrong with the appliance", async () => {
    const full = new ApplianceError({ code: "disk-full", message: "no space" });
    await expect((await readPins(store(full), "berlin")).pin("web02", 22, key)).rejects.toBe(full);
  });
});

/** Of the host itself: a jump host has its own. */
const pinned = {
  mode: "pinned",
  keys: [`${key.type} ${key.key}`],
  hint: "if it was set up anew, accept its new key with `kace hostkeys forget web01`",
} as const;

describe("which host key is believed", () => {
  it.each([
    ["any, where that is asked for", { policy: "insecure", knownHosts: line }, "web01", { mode: "insecure" }],
    [
      "what known_hosts says of the host, before its pin",
      { policy: "acceptNew", knownHosts: line },
      "web01",
      { mode: "strict", knownHosts: line },
    ],
    ["the pinned one", { policy: "acceptNew" }, "web01", pinned],
    ["the pinned one, also under strict", { policy: "strict", knownHosts: "other ssh-ed25519 AAAA" }, "web01", pinned],
    [
      "a new one of an unknown host",
      { policy: "acceptNew", knownHosts: line },
      "web02",
      { mode: "acceptNew", known: [] },
    ],
    ["none of an unknown host under strict", { policy: "strict" }, "web02", { mode: "strict", knownHosts: "" }],
  ] as const)("is %s", async (_title, rule, host, policy) => {
    expect(hostKeysFor(rule, await readPins(store()), host, 22)).toEqual(policy);
  });
});
