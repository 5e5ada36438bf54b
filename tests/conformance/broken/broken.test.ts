import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { distinctText, type Operation, type ResourceGenerator } from "../generators.ts";
import type { Law } from "../law.ts";
import { LAWS } from "../laws/all.ts";
import { Subject } from "../subject.ts";
import type { JsonMap } from "../wire.ts";
import { NOTE } from "./schema.ts";
import { World } from "./world.ts";

const OPERATIONS: readonly Operation[] = ["create", "update", "delete"];

const generator: ResourceGenerator = {
  inputs: fc.record(
    {
      text: distinctText(),
      name: distinctText(),
      color: distinctText(),
      secret: distinctText(),
      tags: fc.array(distinctText(), { maxLength: 2 }),
    },
    { requiredKeys: ["text"], noNullPrototype: true },
  ),
  lingering: OPERATIONS.map((operation) => ({
    operation,
    apply: (inputs: JsonMap) => ({ ...inputs, linger: operation }),
  })),
  crashing: OPERATIONS.map((operation) => ({
    operation,
    apply: (inputs: JsonMap) => ({ ...inputs, crash: operation }),
  })),
};

async function subjectThatBreaks(letter: string | undefined): Promise<Subject> {
  const folder = await mkdtemp(join(tmpdir(), "broken-world-"));
  const world = new World(folder);
  return Subject.open({
    name: letter === undefined ? "an honest provider" : `a provider that breaks law (${letter})`,
    command: [
      process.execPath,
      fileURLToPath(new URL("provider.ts", import.meta.url)),
      ...(letter === undefined ? [] : ["--break", letter]),
    ],
    env: { BROKEN_WORLD: folder },
    generators: { [NOTE]: generator },
    sideEffects: world,
    dispose: () => rm(folder, { recursive: true, force: true }),
    noAnswerAfterMs: 2_000,
    runs: 8,
  });
}

/** The letters of the laws that do not hold, with what the suite says of each. */
async function brokenLaws(subject: Subject, laws: readonly Law[]): Promise<{ letters: string[]; reports: string[] }> {
  const letters: string[] = [];
  const reports: string[] = [];
  const judge = async (law: Law) => {
    try {
      expect(await law.holds(subject), `law (${law.letter}) looked at nothing`).toBeGreaterThan(0);
    } catch (error) {
      letters.push(law.letter);
      reports.push(error instanceof Error ? error.message : String(error));
    }
  };
  for (const law of laws) await judge(law);
  return { letters, reports };
}

/** Laws that need processes of their own, which take long: they are tried on the honest provider and on their breaker. */
const COSTLY = new Set(["a", "i", "j", "k"]);

function lawsBeside(letter: string): readonly Law[] {
  return LAWS.filter((law) => law.letter === letter || !COSTLY.has(law.letter));
}

describe("the conformance suite", () => {
  test("finds nothing wrong with an honest provider", { timeout: 300_000 }, async () => {
    const subject = await subjectThatBreaks(undefined);
    try {
      const { reports } = await brokenLaws(subject, LAWS);
      expect(reports).toEqual([]);
    } finally {
      await subject.close();
    }
  });

  for (const { letter, title } of LAWS) {
    test(`catches a provider that breaks law (${letter}), and blames no other law`, { timeout: 300_000 }, async () => {
      const subject = await subjectThatBreaks(letter);
      try {
        const { letters, reports } = await brokenLaws(subject, lawsBeside(letter));
        expect(letters, reports.join("\n\n")).toEqual([letter]);
        expect(reports[0]).toContain(`law (${letter}) "${title}" does not hold`);
      } finally {
        await subject.close();
      }
    });
  }
});
