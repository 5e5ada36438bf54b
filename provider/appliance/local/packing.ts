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

interface Asked {
  readonly resolve: (packed: Uint8Array) => void;
  readonly reject: (error: Error) => void;
}

class Compressor {
  readonly #asked = new Set<Asked>();
  #stream: ZstdCompress | undefined;
  #parts: Buffer[] = [];

  /** How many texts it was given that are not back. */
  get waiting(): number {
    return this.#asked.size;
  }

  pack(text: string): Promise<Uint8Array> {
    const stream = this.#stream ?? this.#setUp();
    return new Promise((resolve, reject) => {
      const asked = { resolve, reject };
      this.#asked.add(asked);
      // Texts are taken in turn: between the ends of two of them comes what the second was made into.
      stream.write(text, () => {
        if (!this.#asked.delete(asked)) return; // it was told of the fault
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
    // Node does not call back the writes of a stream that has failed; the next text gets another stream.
    stream.on("error", (error) => {
      this.#stream = undefined;
      this.#parts = [];
      const all = [...this.#asked];
      this.#asked.clear();
      for (const { reject } of all) reject(error);
    });
    this.#stream = stream;
    return stream;
  }
}
