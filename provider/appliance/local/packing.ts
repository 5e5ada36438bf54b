import { constants, createZstdCompress, type ZstdCompress } from "node:zlib";

/** Compresses as well as the higher levels do, in a fraction of the time. */
const LEVEL = 1;

/**
 * So many texts are handed over before the first of them is back: a compressor takes one at a time, and the next one only
 * once this process has seen that it is back, which is when it has done everything else.
 */
const MOST_AT_ONCE = 16;

/**
 * Compresses texts one by one, each by itself, outside of the event loop. What a compressor is set up with, which takes
 * longer than the compression of a short text, is kept for the next one.
 *
 * @example zstdDecompressSync(await new Packing().pack("text")).toString() // "text"
 */
export class Packing {
  readonly #compressors: Compressor[] = [];

  /** A text in UTF-8 as one frame of Zstandard (RFC 8878). @throws Error where there is no memory for it */
  pack(text: string): Promise<Uint8Array> {
    return this.#leastBusy().pack(text);
  }

  #leastBusy(): Compressor {
    let least: Compressor | undefined;
    for (const compressor of this.#compressors) {
      if (compressor.waiting === 0) return compressor;
      if (least === undefined || compressor.waiting < least.waiting) least = compressor;
    }
    if (least !== undefined && this.#compressors.length >= MOST_AT_ONCE) return least;
    const another = new Compressor();
    this.#compressors.push(another);
    return another;
  }
}

class Compressor {
  /** How many texts it was given that are not back. */
  waiting = 0;
  #stream: ZstdCompress | undefined;
  #parts: Buffer[] = [];

  pack(text: string): Promise<Uint8Array> {
    const stream = this.#stream ?? this.#setUp();
    this.waiting += 1;
    return new Promise((resolve, reject) => {
      // Texts are taken in turn: between the ends of two of them comes what the second was made into.
      stream.write(text, (error) => {
        this.waiting -= 1;
        if (error != null) return reject(error);
        const [first, ...more] = this.#parts;
        this.#parts = [];
        resolve(first !== undefined && more.length === 0 ? first : Buffer.concat([...(first ? [first] : []), ...more]));
      });
    });
  }

  #setUp(): ZstdCompress {
    const params = { [constants.ZSTD_c_compressionLevel]: LEVEL };
    // Each write ends a frame.
    const stream = createZstdCompress({ flush: constants.ZSTD_e_end, params });
    stream.on("data", (part: Buffer) => this.#parts.push(part));
    // Those who wait are told by their own write; the next one gets another stream.
    stream.on("error", () => {
      if (this.#stream === stream) this.#stream = undefined;
      this.#parts = [];
    });
    this.#stream = stream;
    return stream;
  }
}
