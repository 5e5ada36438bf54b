import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { fingerprintOf, keepAuthorities } from "../../../provider/appliance/certificates/authority.ts";
import { ownCertificate } from "../../../provider/appliance/certificates/own.ts";
import { type Life, succession, switchOverAt } from "../../../provider/appliance/certificates/succession.ts";

const DAY_MS = 86_400_000;
const NOW = Date.UTC(2026, 5, 1);
/** Ten years, less the week that a certificate begins before it is made. */
const LIFE_DAYS = 3_645;

function life(madeAtDay: number, endsAtDay: number): Life {
  return { madeAt: NOW + madeAtDay * DAY_MS, endsAt: NOW + endsAtDay * DAY_MS };
}

describe("the succession of authorities", () => {
  const old = life(-3_000, 645);
  it.each([
    ["is left alone in its years", { present: old }, "none"],
    ["gets a successor a year before its end", { present: life(-3_280, 365) }, "make"],
    ["gets one when that is wished for", { present: old, wish: "renew" as const }, "make"],
    ["gets no second one", { present: old, next: life(-1, 3_644), wish: "renew" as const }, "none"],
    [
      "gets none once it has ended: the clock may be wrong",
      { present: life(-3_645, 0), wish: "renew" as const },
      "none",
    ],
    ["goes nowhere without a successor", { present: old, wish: "finish" as const }, "none"],
    ["is followed when that is wished for", { present: old, next: life(0, 3_645), wish: "finish" as const }, "switch"],
    ["stays for the overlap", { present: old, next: life(-179, 3_466) }, "none"],
    ["is followed after it, by what all trust", { present: old, next: life(-180, 3_465) }, "switch-if-trusted"],
    [
      "is followed earlier where less is left",
      { present: life(-3_525, 100), next: life(-100, 3_545) },
      "switch-if-trusted",
    ],
    [
      "is followed on its last day, whoever trusts that",
      { present: life(-3_644, 1), next: life(-300, 3_345) },
      "switch",
    ],
    ["is not followed by one of this moment", { present: life(-3_644, 1), next: life(0, 3_645) }, "none"],
    ["is followed once it has ended", { present: life(-3_645, 0), next: life(0, 3_645) }, "switch"],
  ])("%s", (_, given, kind) => {
    const step = succession({ next: undefined, wish: undefined, now: NOW, renewBeforeMs: 365 * DAY_MS, ...given });
    expect(step).toEqual({ kind });
  });

  it("overlaps for half a year, or for half of what is left", () => {
    expect(switchOverAt(life(-3_000, 645), life(0, LIFE_DAYS))).toBe(NOW + 180 * DAY_MS);
    expect(switchOverAt(life(-3_545, 100), life(0, LIFE_DAYS))).toBe(NOW + 50 * DAY_MS);
  });
});

async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "kace-authorities-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

function terms(wish: "renew" | "finish" | undefined, distrusting = 0) {
  const lines: string[] = [];
  return { wish, distrusting: async () => distrusting, log: (line: string) => lines.push(line), lines };
}

describe("the authorities of a folder", { timeout: 60_000 }, () => {
  it("are two from the renewal to the switch-over, both in ca.pem, each with its key", async () => {
    const folder = await newFolder();
    const names = ["kace.example"];
    const first = await ownCertificate({ folder, names, now: NOW });
    const both = await ownCertificate({ folder, names, now: NOW, terms: terms("renew") });
    expect(both.certificate).toBe(first.certificate);
    expect(both.announced).toHaveLength(2);
    expect(both.announced[0]).toBe(first.authority);
    expect(await readFile(join(folder, "ca.pem"), "utf8")).toBe(both.announced.join(""));
    // A restart, also one by a server that knows nothing of a wish, changes nothing.
    expect(await ownCertificate({ folder, names, now: NOW })).toEqual(both);
    const second = await ownCertificate({ folder, names, now: NOW, terms: terms("finish") });
    expect(second.announced).toEqual([both.announced[1]]);
    expect(second.authority).toBe(both.announced[1]);
    expect(second.certificate).not.toBe(first.certificate);
    expect(await readFile(join(folder, "ca.pem"), "utf8")).toBe(second.authority);
    expect((await readdir(folder)).sort()).toEqual(["authority.pem", "ca.pem", "server.pem"]);
  });

  it("stay two at the switch-over's time while a device trusts the first only, and it is said", async () => {
    const folder = await newFolder();
    const { present } = await keepAuthorities({ folder, now: NOW });
    const near = NOW + (LIFE_DAYS - 300) * DAY_MS;
    const { next, switchOverAt: at } = await keepAuthorities({ folder, now: near, terms: terms(undefined) });
    expect(at).toBe(near + 150 * DAY_MS);
    const waiting = terms(undefined, 2);
    const due = near + 151 * DAY_MS;
    expect((await keepAuthorities({ folder, now: due, terms: waiting })).present).toEqual(present);
    expect(waiting.lines).toEqual([
      "the next certificate authority is due, and 2 devices do not trust it yet: see `kace authority show`",
    ]);
    const asked: string[] = [];
    const trusting = {
      ...terms(undefined),
      distrusting: async (sha256: string) => {
        asked.push(sha256);
        return 0;
      },
    };
    expect(await keepAuthorities({ folder, now: due, terms: trusting })).toMatchObject({
      present: next,
      next: undefined,
    });
    expect(asked).toEqual([fingerprintOf(next?.certificate ?? "")]);
  });

  it("are one again on the last day, and those who do not trust it are counted", async () => {
    const folder = await newFolder();
    await keepAuthorities({ folder, now: NOW });
    const { next } = await keepAuthorities({
      folder,
      now: NOW + (LIFE_DAYS - 300) * DAY_MS,
      terms: terms(undefined),
    });
    const last = terms(undefined, 1);
    const after = await keepAuthorities({ folder, now: NOW + (LIFE_DAYS - 0.5) * DAY_MS, terms: last });
    expect(after.present).toEqual(next);
    expect(last.lines).toEqual([expect.stringMatching(/from now on; 1 device does not trust it, and get/)]);
  });

  it("do not go back to a successor that a backup brought back", async () => {
    const folder = await newFolder();
    await keepAuthorities({ folder, now: NOW });
    await keepAuthorities({ folder, now: NOW, terms: terms("renew") });
    const kept = await readFile(join(folder, "authority-next.pem"), "utf8");
    await keepAuthorities({ folder, now: NOW, terms: terms("finish") });
    for (const later of [NOW, NOW + DAY_MS]) {
      await writeFile(join(folder, "authority-next.pem"), kept);
      const { present, next } = await keepAuthorities({ folder, now: later });
      expect(next).toBeUndefined();
      await keepAuthorities({ folder, now: later + 1_000, terms: terms("renew") });
      const renewed = await keepAuthorities({ folder, now: later + 1_000, terms: terms("finish") });
      expect(renewed.present).not.toEqual(present);
    }
  });
});
