import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type providerPb, Struct, ResourceProviderService as service } from "../../provider/kit/pulumi/proto.ts";
import { mapOf } from "./answer.ts";
import { fixtureSubject } from "./fixture.subject.ts";
import { must } from "./program.ts";
import { newTarget, Subject } from "./subject.ts";

/** What the engine's own encoder wrote; how it was made stands beside it. */
const RECORDED = new URL("../kit/pulumi/testdata/engine-values.json", import.meta.url);

let subject: Subject;
beforeAll(async () => {
  subject = await Subject.open(await fixtureSubject());
});
afterAll(() => subject.close());

/** A field of a protobuf message that holds bytes, written by hand: the encoder under test has no part in it. */
function field(number: number, content: Uint8Array): Uint8Array {
  const length: number[] = [];
  for (let rest = content.length; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) {
      length.push(rest);
      break;
    }
    length.push((rest % 128) + 128);
  }
  return Uint8Array.from([(number << 3) | 2, ...length, ...content]);
}

function text(value: string): Uint8Array {
  return new TextEncoder().encode(value);
}

/** A Struct with one property, whose value is a Struct. */
function structOfOne(name: string, struct: Uint8Array): Uint8Array {
  const value = field(5, struct);
  return field(1, Uint8Array.from([...field(1, text(name)), ...field(2, value)]));
}

test("every value that the engine's own encoder writes passes through Check unchanged", async () => {
  const plugin = await subject.plugin();
  const recorded: { name: string; struct: string }[] = JSON.parse(await readFile(RECORDED, "utf8"));
  expect(recorded.length).toBeGreaterThan(0);
  for (const { name, struct } of recorded) {
    const bytes = Buffer.from(struct, "base64");
    const { urn } = newTarget("fixture:index:Thing");
    const request = Uint8Array.from([...field(1, text(urn)), ...field(3, structOfOne("extra", bytes))]);
    const response: providerPb.CheckResponse = must(await plugin.call(service.check, request), `Check of ${name}`);
    expect(response.getFailuresList()).toEqual([]);
    expect(mapOf(response.getInputs())["extra"], name).toEqual(mapOf(Struct.deserializeBinary(bytes)));
  }
});
