/** What a script said, by key; a key that was said several times has several values. */
export class MarkedLines {
  private readonly values = new Map<string, string[]>();

  /** Takes one line of output; what is not marked is not ours, whoever printed it. */
  take(line: string): void {
    // Something without a line end may stand before it: the last words of a log-in script, for one.
    const at = line.indexOf(MARK);
    if (at < 0) return;
    const body = line.slice(at + MARK.length).replace(/\r$/, "");
    const equals = body.indexOf("=");
    if (equals <= 0) return;
    const key = body.slice(0, equals);
    const list = this.values.get(key);
    if (list === undefined) this.values.set(key, [body.slice(equals + 1)]);
    else list.push(body.slice(equals + 1));
  }

  /** The last value of a key; undefined if it is empty or was not said. */
  get(key: string): string | undefined {
    const value = this.values.get(key)?.at(-1);
    return value === undefined || value === "" ? undefined : value;
  }

  /** True if the key was said, even without a value. */
  has(key: string): boolean {
    return this.values.has(key);
  }

  all(key: string): readonly string[] {
    return this.values.get(key) ?? [];
  }

  static of(output: string): MarkedLines {
    const lines = new MarkedLines();
    for (const line of output.split("\n")) lines.take(line);
    return lines;
  }
}

const MARK = "::kace ";
