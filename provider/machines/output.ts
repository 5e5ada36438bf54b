const LONGEST_LINE_CHARS = 16_384;

/**
 * Collects the output of a command up to a limit: its first and its last half are kept, what lies between is dropped
 * and said so. Bytes that are no UTF-8 become replacement marks.
 */
export class Output {
  private readonly halfBytes: number;
  private readonly head: Buffer[] = [];
  private headBytes = 0;
  private tail: Buffer[] = [];
  private tailBytes = 0;
  private droppedBytes = 0;

  constructor(limitBytes: number) {
    this.halfBytes = Math.max(1, Math.floor(limitBytes / 2));
  }

  push(bytes: Buffer): void {
    const room = this.halfBytes - this.headBytes;
    if (room > 0) {
      this.head.push(bytes.subarray(0, room));
      this.headBytes += Math.min(room, bytes.length);
    }
    if (bytes.length <= room) return;
    this.tail.push(room > 0 ? bytes.subarray(room) : bytes);
    this.tailBytes += bytes.length - Math.max(0, room);
    // Trimmed only at twice its size, so that each byte is moved once on average.
    if (this.tailBytes > 2 * this.halfBytes) this.trim();
  }

  /** What was kept, and whether anything was dropped. */
  take(): { readonly text: string; readonly truncated: boolean } {
    this.trim();
    const head = Buffer.concat(this.head, this.headBytes);
    const tail = Buffer.concat(this.tail, this.tailBytes);
    if (this.droppedBytes === 0) return { text: Buffer.concat([head, tail]).toString("utf8"), truncated: false };
    const text = `${head.toString("utf8")}\n[${this.droppedBytes} bytes dropped]\n${tail.toString("utf8")}`;
    return { text, truncated: true };
  }

  private trim(): void {
    if (this.tailBytes <= this.halfBytes) return;
    const excess = this.tailBytes - this.halfBytes;
    // Copied, so that the buffers it was cut from can go.
    const kept = Buffer.from(Buffer.concat(this.tail, this.tailBytes).subarray(excess));
    this.tail = [kept];
    this.tailBytes = kept.length;
    this.droppedBytes += excess;
  }
}

/** Cuts a stream of bytes into lines, without their line ends; a line without end is cut at 16,384 characters. */
export class Lines {
  private readonly decoder = new TextDecoder();
  private readonly onLine: (line: string) => void;
  private pending = "";

  constructor(onLine: (line: string) => void) {
    this.onLine = onLine;
  }

  push(bytes: Buffer): void {
    this.pending += this.decoder.decode(bytes, { stream: true });
    this.drain();
  }

  finish(): void {
    this.pending += this.decoder.decode();
    this.drain();
    if (this.pending !== "") this.onLine(this.pending);
    this.pending = "";
  }

  private drain(): void {
    const lines = this.pending.split("\n");
    this.pending = lines.pop() ?? "";
    for (const line of lines) this.onLine(line.endsWith("\r") ? line.slice(0, -1) : line);
    while (this.pending.length > LONGEST_LINE_CHARS) {
      this.onLine(this.pending.slice(0, LONGEST_LINE_CHARS));
      this.pending = this.pending.slice(LONGEST_LINE_CHARS);
    }
  }
}
