import { existsSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { describe, expect, it } from "vitest";
import { anchorsOf, pages, prose, REPOSITORY, textOf } from "./pages.ts";

const LINK = /\[[^\]]*\]\(([^)\s]+)\)/g;

function brokenLinks(page: string): string[] {
  const broken: string[] = [];
  for (const [, link = ""] of prose(textOf(page)).matchAll(LINK)) {
    if (/^[a-z]+:/.test(link)) continue; // elsewhere, which no test should depend on
    const [path = "", anchor] = link.split("#");
    const file = path === "" ? page : normalize(join(dirname(page), path));
    if (!existsSync(join(REPOSITORY, file))) broken.push(link);
    else if (anchor !== undefined && !anchorsOf(textOf(file)).has(anchor)) broken.push(link);
  }
  return broken;
}

describe("the documentation", () => {
  it("is what a newcomer looks for", () => {
    expect(pages()).toEqual(expect.arrayContaining(["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "docs/kace.md"]));
  });

  it.each(pages())("%s has no link that leads nowhere", (page) => {
    expect(brokenLinks(page)).toEqual([]);
  });

  it("can be reached from the README, page by page", () => {
    const linked = new Set(["README.md"]);
    for (const page of linked)
      for (const [, link = ""] of prose(textOf(page)).matchAll(LINK)) {
        const file = normalize(join(dirname(page), link.split("#")[0] ?? ""));
        if (file.endsWith(".md") && existsSync(join(REPOSITORY, file))) linked.add(file);
        if (file.endsWith("/")) linked.add(join(file, "index.md"));
      }
    const unreachable = pages().filter((page) => !linked.has(page) && page !== "CHANGELOG.md");
    expect(unreachable).toEqual([]);
  });

  it("names no npm script that there is not", () => {
    const { scripts }: { readonly scripts: Readonly<Record<string, string>> } = JSON.parse(textOf("package.json"));
    const named = pages().flatMap((page) => [...textOf(page).matchAll(/npm run ([a-z:-]+)/g)].map(([, name]) => name));
    expect(named).toContain("demo");
    const ofSdk = ["build"]; // `cd sdk/nodejs && npm run build`
    expect(named.filter((name = "") => !(name in scripts) && !ofSdk.includes(name))).toEqual([]);
  });
});
