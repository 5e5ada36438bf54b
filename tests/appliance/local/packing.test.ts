import { zstdDecompressSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { Packing } from "../../../provider/appliance/local/packing.ts";

/** Hardly compressible, of so many bytes. */
function noise(bytes: number, seed: number): string {
  let state = seed;
  const next = () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 1;
    return String.fromCharCode(33 + (state % 90));
  };
  return Array.from({ length: bytes }, next).join("");
}

describe("texts that are packed", () => {
  it("come out one by one as they went in, whatever their length, all at the same time", async () => {
    const packing = new Packing();
    const lengths = [1, 10, 100, 16_383, 16_384, 16_385, 20_000, 65_536, 131_072, 400_000, 3, 70_000];
    const texts = Array.from({ length: 120 }, (_, index) => noise(lengths[index % lengths.length] ?? 1, index + 1));
    const packed = await Promise.all(texts.map((text) => packing.pack(text)));
    expect(packed.map((content) => zstdDecompressSync(content).toString())).toEqual(texts);
  });

  it("may be of any script, and empty", async () => {
    const packing = new Packing();
    for (const text of ["Größe ✓ 日本語 🎉".repeat(1_000), "", "x"]) {
      expect(zstdDecompressSync(await packing.pack(text)).toString()).toBe(text);
    }
  });

  it("take less room than they did", async () => {
    const content = await new Packing().pack("02:00:00:00:00:01 ".repeat(1_000));
    expect(content.byteLength).toBeLessThan(200);
  });
});
