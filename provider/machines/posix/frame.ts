/** How much of what comes before the script's own output is kept: it says why the script did not begin. */
const PREFACE_BYTES = 4096;
const BEGIN = Buffer.from("kace~begin ");
const NEWLINE = 10;

/**
 * Takes a script's own output out of a stream: what a log-in shell or sudo says before the reader's begin mark is set
 * aside, and what comes after the end mark is dropped.
 */
export class Frame {
  /** The process of the reader, once it has begun. */
  readerPid: number | undefined;
  /** What the script ended with, once it has. */
  exitCode: number | undefined;
  private readonly end: Buffer;
  private readonly emit: (bytes: Buffer) => void;
  private pending: Buffer = Buffer.alloc(0);

  constructor(nonce: string, emit: (bytes: Buffer) => void) {
    this.end = Buffer.from(`kace~end ${nonce} `);
    this.emit = emit;
  }

  get begun(): boolean {
    return this.readerPid !== undefined;
  }

  get ended(): boolean {
    return this.exitCode !== undefined;
  }

  /** What was said before the script began; its last 4 KiB. */
  preface(): string {
    return this.begun ? "" : this.pending.toString("utf8");
  }

  push(chunk: Buffer): void {
    if (this.ended) return;
    this.pending = this.pending.length === 0 ? chunk : Buffer.concat([this.pending, chunk]);
    if (!this.begun && !this.findBegin()) return;
    this.findEnd();
  }

  /** The stream is over: what was held back as a possible mark was none. */
  finish(): void {
    if (this.begun && !this.ended && this.pending.length > 0) this.emit(this.pending);
    if (this.begun) this.pending = Buffer.alloc(0);
  }

  private findBegin(): boolean {
    const at = this.pending.indexOf(BEGIN);
    const stop = at < 0 ? -1 : this.pending.indexOf(NEWLINE, at);
    if (stop < 0) {
      if (at < 0 && this.pending.length > PREFACE_BYTES) this.pending = this.pending.subarray(-PREFACE_BYTES);
      return false;
    }
    this.readerPid = Number(this.pending.toString("latin1", at + BEGIN.length, stop));
    this.pending = this.pending.subarray(stop + 1);
    return true;
  }

  private findEnd(): void {
    const at = this.pending.indexOf(this.end);
    if (at < 0) {
      this.release(this.pending.length - heldBack(this.pending, this.end));
      return;
    }
    this.release(at);
    const stop = this.pending.indexOf(NEWLINE);
    if (stop < 0) return;
    this.exitCode = Number(this.pending.toString("latin1", this.end.length, stop));
    this.pending = Buffer.alloc(0);
  }

  private release(length: number): void {
    if (length === 0) return;
    const bytes = this.pending.subarray(0, length);
    this.pending = this.pending.subarray(length);
    this.emit(bytes);
  }
}

/** How many bytes at the end of `bytes` may be the beginning of `mark`. */
function heldBack(bytes: Buffer, mark: Buffer): number {
  for (let length = Math.min(bytes.length, mark.length - 1); length > 0; length--) {
    if (bytes.subarray(-length).equals(mark.subarray(0, length))) return length;
  }
  return 0;
}
