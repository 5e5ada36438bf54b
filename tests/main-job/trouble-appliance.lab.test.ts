import { open, rm } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { whyNoLab } from "../../examples/lab/lab.ts";
import { serveAppliance } from "../../provider/cli/serve.ts";
import { SERVER_NAME, SERVER_PORT, VERSION } from "./ground.ts";
import { agentStatus, expectClean, expectRight, expectUntouched } from "./machine-facts.ts";
import { Site } from "./site.ts";
import { codesOf, TOLERANT } from "./trouble-program.ts";

const TWO_DAYS_MS = 48 * 3_600_000;

// Runs and hosts end when they do; nothing here is about how long that takes on a busy machine.
vi.setConfig({ testTimeout: 600_000, hookTimeout: 900_000 });

describe.skipIf(whyNoLab() !== undefined)("an appliance that is not as it should be", () => {
  let site: Site;
  let endServer: (() => Promise<void>) | undefined;

  beforeAll(async () => {
    site = await Site.up({
      prefix: "tappl",
      hosts: [
        { name: "deb", kind: "light" },
        { name: "rpm", kind: "systemd", family: "rpm" },
        { name: "ahead", kind: "light" },
        { name: "behind", kind: "light" },
      ],
    });
  });

  afterEach(async () => {
    await endServer?.();
    endServer = undefined;
  });

  afterAll(() => site?.down());

  test("a package that was altered after it was checked is found on the machine and not installed", async () => {
    await site.write(site.program({}));
    await site.up();
    const { packages } = (await site.recordedAs("agents")).outputs ?? {};
    const deb = (packages as { readonly format: string; readonly sha256: string }[]).find(
      ({ format }) => format === "deb",
    );
    const file = join(site.database, "packages", deb?.sha256 ?? "none");
    await flipByte(file);
    const fleet = site.fleet({ targets: { ips: site.addresses("deb", "rpm") }, rollout: TOLERANT });
    await site.write(fleet);
    const output = await site.up();
    expect(await codesOf(site, ["deb", "rpm"])).toEqual({ deb: "checksum-mismatch", rpm: "installed" });
    expect(output).toContain(`tolerated: [checksum-mismatch] ${site.host("deb").address}: `);
    await expectUntouched(site.host("deb"));

    await flipByte(file);
    await site.up();
    expect(await codesOf(site, ["deb", "rpm"])).toEqual({ deb: "installed", rpm: "installed" });
    await expectRight(site.host("deb"), VERSION);
    await expectClean(site.host("rpm"));
    await site.destroy();
  });

  test.each([
    ["ahead", TWO_DAYS_MS],
    ["behind", -TWO_DAYS_MS],
  ] as const)(
    "agents connect to a server whose clock is two days %s, by a certificate of that time",
    async (host, skewMs) => {
      await site.stopServer();
      await rm(join(site.database, "certificates"), { recursive: true });
      endServer = await serveWithClock(site, () => Date.now() + skewMs);
      await site.write(site.fleet({ targets: { ips: site.addresses(host) } }));
      await site.up();
      expect(await codesOf(site, [host])).toEqual({ [host]: "installed" });
      await expectRight(site.host(host), VERSION);
      expect(await agentStatus(site.host(host))).toMatchObject({ connected: true, state: "approved" });
      await site.up("--expect-no-changes");
      await site.destroy();
    },
  );
});

/** Serves a site's appliance from this process, by another clock. Gives what ends it. */
async function serveWithClock(site: Site, now: () => number): Promise<() => Promise<void>> {
  const stop = new AbortController();
  const listening = Promise.withResolvers<void>();
  const served = serveAppliance({
    folder: site.database,
    host: site.lab.gateway,
    port: SERVER_PORT,
    name: SERVER_NAME,
    signal: stop.signal,
    log: () => undefined,
    now,
    onListening: () => listening.resolve(),
  });
  served.catch(listening.reject);
  await listening.promise;
  return async () => {
    stop.abort();
    await served;
  };
}

/** Turns one bit of a file over; a second time turns it back. */
async function flipByte(path: string): Promise<void> {
  const file = await open(path, "r+");
  try {
    const byte = Buffer.alloc(1);
    await file.read(byte, 0, 1, 1_000);
    byte[0] = (byte[0] ?? 0) ^ 1;
    await file.write(byte, 0, 1, 1_000);
  } finally {
    await file.close();
  }
}
