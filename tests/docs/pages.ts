import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** The folder of the repository. */
export const REPOSITORY = join(import.meta.dirname, "..", "..");

/** The pages that people read, by their path in the repository. */
export function pages(): string[] {
  return globSync(["*.md", "docs/**/*.md"], { cwd: REPOSITORY }).sort();
}

/** The text of a file of the repository. */
export function textOf(path: string): string {
  return readFileSync(join(REPOSITORY, path), "utf8");
}

const FENCE = /^(```|~~~)[\s\S]*?^\1\s*$/gm;

/** A page without its blocks of code, where what looks like Markdown is none. */
export function prose(markdown: string): string {
  return markdown.replace(FENCE, "");
}

/** The anchors that a page has: of its headings, as GitHub names them. @example anchorsOf("## A `b`, c") // Set { "a-b-c" } */
export function anchorsOf(markdown: string): Set<string> {
  const headings = prose(markdown).matchAll(/^#{1,6} +(.+)$/gm);
  return new Set([...headings].map(([, heading = ""]) => anchorOf(heading)));
}

function anchorOf(heading: string): string {
  const text = heading.replace(/\[([^\]]*)\]\([^)]*\)/g, "$1").trim();
  return text
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\p{M}\s_-]/gu, "")
    .replace(/\s/g, "-");
}
