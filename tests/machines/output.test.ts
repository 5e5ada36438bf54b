import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Lines, Output } from "../../provider/machines/output.ts";

function collect(chunks: readonly Buffer[], limitBytes: number) {
  const output = new Output(limitBytes);
  for (const chunk of chunks) output.push(chunk);
  return output.take();
}

/** A text and a way to cut it into chunks. */
const cut = fc
  .tuple(fc.uint8Array({ maxLength: 300 }), fc.array(fc.nat(300), { maxLength: 8 }))
  .map(([bytes, cuts]) => {
    const at = [0, ...cuts.map((place) => Math.min(place, bytes.length)).sort((a, b) => a - b), bytes.length];
    return {
      bytes: Buffer.from(bytes),
      chunks: at.slice(1).map((end, index) => Buffer.from(bytes.subarray(at[index], end))),
    };
  });

describe("output", () => {
  test("within the limit is kept whole, however it comes", () => {
    fc.assert(
      fc.property(cut, ({ bytes, chunks }) => {
        expect(collect(chunks, 1000)).toEqual({ text: bytes.toString("utf8"), truncated: false });
      }),
    );
  });

  test("beyond the limit loses its middle, the same however it comes", () => {
    fc.assert(
      fc.property(cut, fc.integer({ min: 2, max: 100 }), ({ bytes, chunks }, limit) => {
        fc.pre(bytes.length > limit + 1);
        const half = Math.floor(limit / 2);
        const dropped = bytes.length - 2 * half;
        const head = bytes.subarray(0, half).toString("utf8");
        const tail = bytes.subarray(bytes.length - half).toString("utf8");
        expect(collect(chunks, limit)).toEqual({
          text: `${head}\n[${dropped} bytes dropped]\n${tail}`,
          truncated: true,
        });
      }),
    );
  });

  test("of bytes that are no UTF-8 has replacement marks", () => {
    expect(collect([Buffer.from([0x61, 0xff, 0x62])], 10).text).toBe("a\uFFFDb");
  });
});

describe("lines", () => {
  function lines(chunks: readonly (string | Buffer)[]): string[] {
    const seen: string[] = [];
    const cutter = new Lines((line) => seen.push(line));
    for (const chunk of chunks) cutter.push(Buffer.from(chunk));
    cutter.finish();
    return seen;
  }

  test.each<[string, (string | Buffer)[], string[]]>([
    ["whole", ["one\ntwo\n"], ["one", "two"]],
    ["without a last end", ["one\ntwo"], ["one", "two"]],
    ["in pieces", ["o", "ne\nt", "wo"], ["one", "two"]],
    ["empty ones too", ["\n\nx\n"], ["", "", "x"]],
    ["with Windows ends", ["one\r\ntwo\r\n"], ["one", "two"]],
    ["with a letter in two pieces", [Buffer.from([0xc3]), Buffer.from([0xbc, 0x0a])], ["ü"]],
    ["that end within a letter", [Buffer.from([0x61, 0xc3])], ["a\uFFFD"]],
    ["nothing", [], []],
  ])("are cut: %s", (_, chunks, expected) => {
    expect(lines(chunks)).toEqual(expected);
  });

  test("without end are cut after 16,384 characters", () => {
    expect(lines(["x".repeat(40_000)]).map((line) => line.length)).toEqual([16_384, 16_384, 7_232]);
  });
});
