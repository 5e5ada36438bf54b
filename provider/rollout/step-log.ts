/** What is kept of the lines of a machine: the outcome's log holds no more. */
const MAX_CHARACTERS = 60_000;
/** So much of it is the beginning. */
const BEGINNING_CHARACTERS = 20_000;

/** The lines that a machine said while it was worked on: the first and the last ones, if there were too many. */
export class StepLog {
  readonly #beginning: string[] = [];
  #end: string[] = [];
  #beginningLength = 0;
  #endLength = 0;
  #dropped = 0;

  /** Takes a line. */
  readonly add = (line: string): void => {
    const length = line.length + 1;
    if (this.#end.length === 0 && this.#beginningLength + length <= BEGINNING_CHARACTERS) {
      this.#beginning.push(line);
      this.#beginningLength += length;
      return;
    }
    this.#end.push(line);
    this.#endLength += length;
    if (this.#endLength > 2 * MAX_CHARACTERS) this.#shorten();
  };

  /** Takes the last lines of a machine's own log, of which some or all may have been heard as they came. */
  addLast(lines: readonly string[]): void {
    const heard = [...this.#beginning, ...this.#end].slice(-lines.length);
    let known = Math.min(heard.length, lines.length);
    while (known > 0 && !heard.slice(-known).every((line, index) => line === lines[index])) known--;
    for (const line of lines.slice(known)) this.add(line);
  }

  /** All that is kept; `undefined` if nothing was said. */
  text(): string | undefined {
    this.#shorten();
    if (this.#beginning.length + this.#end.length === 0) return undefined;
    const gap = this.#dropped === 0 ? [] : [`[${this.#dropped} lines left out]`];
    return [...this.#beginning, ...gap, ...this.#end].join("\n");
  }

  #shorten(): void {
    let first = 0;
    while (this.#endLength > MAX_CHARACTERS - BEGINNING_CHARACTERS && first < this.#end.length - 1) {
      this.#endLength -= (this.#end[first]?.length ?? 0) + 1;
      first++;
    }
    this.#dropped += first;
    this.#end = this.#end.slice(first);
  }
}
