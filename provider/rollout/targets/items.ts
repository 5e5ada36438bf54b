import type { Path } from "../../kit/define/path.ts";

/** What a user gives where several targets may stand: a list, or one text with commas. */
export type ListOrText = string | readonly string[];

/** One target or range, as the user wrote it, and where. */
export interface Item {
  readonly text: string;
  readonly path: Path;
}

/**
 * The items of a list or of a text with commas; lines are as good as commas. Commas in brackets (`web[1,3].corp`) part
 * nothing. An empty item of a list is kept, so that it can be complained about; a comma too many does no harm.
 *
 * @example itemsOf("10.0.0.1, 10.0.0.2", ["targets", "ips"]) // two items, both at targets.ips
 */
export function itemsOf(given: ListOrText | undefined, path: Path): Item[] {
  if (given === undefined) return [];
  if (typeof given === "string") return pieces(given).map((text) => ({ text, path }));
  return given.flatMap((entry, index) => {
    const texts = pieces(entry);
    return (texts.length === 0 ? [""] : texts).map((text) => ({ text, path: [...path, index] }));
  });
}

function pieces(text: string): string[] {
  return text
    .split(/[,\n](?![^[\]]*\])/)
    .map((piece) => piece.trim())
    .filter((piece) => piece !== "");
}
