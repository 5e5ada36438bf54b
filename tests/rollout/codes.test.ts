import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { OUTCOME_CLASSES } from "../../provider/appliance/operations/outcome-classes.ts";
import {
  classOf,
  isOutcomeCode,
  isRight,
  OUTCOME_CODES,
  type OutcomeCode,
  saysNothing,
} from "../../provider/rollout/codes.ts";

/** What `docs/outcomes.md` says: its sections are the classes, its rows the codes. */
function documented(): Record<string, { class: string; sentence: string; hint?: string }> {
  const rows: Record<string, { class: string; sentence: string; hint?: string }> = {};
  let section = "";
  for (const line of readFileSync(new URL("../../docs/outcomes.md", import.meta.url), "utf8").split("\n")) {
    if (line.startsWith("## ")) section = line.slice(3);
    const [, code, sentence, hint] = /^\| `([\w-]+)` \| (.+?) \| (.*?) ?\|$/.exec(line) ?? [];
    if (code === undefined || sentence === undefined) continue;
    expect(rows, `${code} stands in the page twice`).not.toHaveProperty(code);
    rows[code] = { class: section, sentence, ...(hint !== "" && hint !== undefined && { hint }) };
  }
  return rows;
}

describe("outcome codes", () => {
  it("are documented with class, sentence and what to do, all of them and no others", () => {
    expect(documented()).toEqual(OUTCOME_CODES);
  });

  it("are at least those that users rely on", () => {
    const promised =
      "absent, dns-failed, port-closed, port-filtered, connect-timeout, host-key-changed, host-key-unknown, auth-failed, no-privilege, sudo-password, unsupported-os, no-package, disk-full, upload-failed, checksum-mismatch, install-failed, install-timeout, reboot-required, service-not-running, server-unresolvable, server-unreachable, not-connected, quarantined, claimed, platform-not-configured, server-not-running, token-expired, token-exhausted, busy, cancelled, not-attempted, lost";
    expect(promised.split(", ").filter((code) => !isOutcomeCode(code))).toEqual([]);
  });

  it("cover every class", () => {
    expect(new Set(Object.values(OUTCOME_CODES).map((meaning) => meaning.class))).toEqual(new Set(OUTCOME_CLASSES));
  });

  it("say what to do wherever something must be done", () => {
    const silent = (Object.keys(OUTCOME_CODES) as OutcomeCode[]).filter(
      (code) => !isRight(classOf(code)) && classOf(code) !== "absent" && OUTCOME_CODES[code].hint === undefined,
    );
    expect(silent).toEqual(["planned"]);
  });

  it("never call a right machine no news", () => {
    const codes = Object.keys(OUTCOME_CODES) as OutcomeCode[];
    expect(codes.filter((code) => saysNothing(code) && isRight(classOf(code)))).toEqual([]);
  });
});
