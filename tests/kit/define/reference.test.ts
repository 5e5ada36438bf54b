import { describe, expect, test } from "vitest";
import * as z from "zod";
import { defineProvider } from "../../../provider/kit/define/provider.ts";
import { referenceOf } from "../../../provider/kit/define/reference.ts";
import { defineResource } from "../../../provider/kit/define/resource.ts";
import { notebook } from "../../fixtures/notebook.ts";

const pages = referenceOf(notebook);

function page(path: string): string {
  const content = pages.get(path);
  if (content === undefined) throw new Error(`there is no page ${path}`);
  return content;
}

/** The cells of the row of a table whose first cell is the given one. */
function row(path: string, first: string, heading = "## Inputs"): string[] {
  const content = page(path);
  const lines = content.slice(content.indexOf(`\n${heading}\n`)).split("\n");
  const line = lines.find((candidate) => candidate.startsWith(`| ${first} |`));
  if (line === undefined) throw new Error(`there is no row ${first} in ${path}`);
  return line
    .split(/(?<!\\)\|/)
    .slice(1, -1)
    .map((cell) => cell.trim());
}

test("there is a page for everything that users meet", () => {
  expect([...pages.keys()]).toEqual([
    "index.md",
    "configuration.md",
    "resources/Note.md",
    "resources/Stamp.md",
    "components/Book.md",
    "functions/findNotes.md",
    "functions/today.md",
  ]);
});

test("every page says at its top that it is generated, and ends with one line break", () => {
  for (const content of pages.values()) {
    expect(content).toMatch(/^<!-- Generated .* -->\n\n# /);
    expect(content).toMatch(/[^\n]\n$/);
  }
});

test("every link leads to a page or to a section of the same page", () => {
  const broken: string[] = [];
  for (const [path, content] of pages) {
    const anchors = new Set([...content.matchAll(/^#+ (.*)$/gm)].map(([, heading]) => heading?.toLowerCase()));
    for (const [, target = ""] of content.matchAll(/\]\(([^)]+)\)/g)) {
      const found = target.startsWith("#")
        ? anchors.has(target.slice(1))
        : pages.has(new URL(target, `file:///${path}`).pathname.slice(1));
      if (!found) broken.push(`${path}: ${target}`);
    }
  }
  expect(broken).toEqual([]);
});

test("no text breaks out of its table", () => {
  const uneven: string[] = [];
  for (const content of pages.values()) {
    let width = 0;
    for (const line of content.split("\n")) {
      const cells = line.startsWith("|") ? line.split(/(?<!\\)\|/).length : 0;
      if (cells > 0 && width > 0 && cells !== width) uneven.push(line);
      width = cells;
    }
  }
  expect(uneven).toEqual([]);
});

describe("the index", () => {
  test("tells in one sentence what everything is", () => {
    expect(page("index.md")).toContain("| [Note](resources/Note.md) | A line of text that is kept. |");
    expect(page("index.md")).toContain(
      "| [Stamp](resources/Stamp.md) | A mark that cannot be changed. *Deprecated.* |",
    );
    expect(page("index.md")).toContain("| Python | `example_notebook` |");
  });
});

describe("the configuration page", () => {
  test("shows the commands and every key with its environment variables", () => {
    const content = page("configuration.md");
    expect(content).toContain("pulumi config set notebook:url <value>");
    expect(content).toContain("pulumi config set --secret notebook:token <value>");
    expect(content).toContain(
      "| `parallel` | integer | from `NOTEBOOK_PARALLEL`, else `8` | How many notes at once. |",
    );
    expect(content).toContain("| `url` | string | **required** | Where the shelf is. Older names: `address`. |");
  });
});

describe("the page of a resource", () => {
  test.each([
    ["`color`", ["[Color](#color)", '`"red"`', "The paper."]],
    [
      "`title`",
      [
        "string",
        "made from the name",
        "Its name. Left out, it is made from the resource's name and 4 random characters, 20 characters at most. A change replaces the object.",
      ],
    ],
    [
      "`token`",
      [
        "string",
        "from `NOTEBOOK_TOKEN`",
        "Opens the shelf. Secret: encrypted in the state and never shown. Credential: it is no output, and a change alone redoes no work.",
      ],
    ],
    ["`copies`", ["list of [Place](#place)", "`[]`", "More places. Order and repetitions mean nothing."]],
    ["`picture`", ["asset", "", "A picture. Compared by its content."]],
    ["`stamp`", ["[Stamp](../resources/Stamp.md)", "", "The mark on it."]],
    ["`comment`", ["string or null", "", "A remark; null takes it away."]],
    ["`colour`", ["string", "", "The paper. Deprecated: use `color`"]],
    [
      "`lifetime`",
      [
        "string",
        '`"1h"`',
        'How long it is kept. The text is a duration: a number and a unit, such as "500ms", "2s", "5m" or "1h".',
      ],
    ],
    [
      "`fallbacks`",
      [
        "map of ([NoteWatcherMail](#notewatchermail) or [NoteWatcherWebHook](#notewatcherwebhook))",
        "",
        "Who hears else.",
      ],
    ],
  ])("tells all there is to know of the input %s", (name, cells) => {
    expect(row("resources/Note.md", name)).toEqual([name, ...cells]);
  });

  test("tells the outputs and what they may lack", () => {
    expect(row("resources/Note.md", "`key`", "## Outputs").slice(1)).toEqual([
      "string, may be absent",
      "Opens the note. Secret: encrypted in the state and never shown.",
    ]);
    expect(row("resources/Note.md", "`archivedAt`", "## Outputs")[1]).toBe("string or null");
  });

  test("has a section for each nested type", () => {
    expect(row("resources/Note.md", "`host`", "### Place")).toEqual([
      "`host`",
      "string",
      "**required**",
      "The machine. Older names: `hostname`.",
    ]);
    expect(row("resources/Note.md", '`"dark-blue"`', "### Color")).toEqual(['`"dark-blue"`', "Like the sea at night."]);
    expect(page("resources/Note.md")).toContain("### Weight\n\nHow bold.\n\nOne of `400`, `700`.");
  });

  test("keeps a pipe inside its cell", () => {
    expect(row("resources/Note.md", "`url`", "### NoteWatcherWebHook")[3]).toMatch(
      /^The address \\\| with the token\./,
    );
  });

  test("shows every example in every language that has it", () => {
    const content = page("resources/Note.md");
    expect(content).toContain("### A note\n\nThe smallest one.\n\n**TypeScript**\n\n```typescript\nnew notebook.Note");
    for (const language of ["Python", "Go", "YAML"]) expect(content).toContain(`**${language}**`);
  });

  test("tells how long operations may take, by the descriptor or by default", () => {
    expect(row("resources/Note.md", "create", "## Time-outs")).toEqual(["create", "90s"]);
    expect(row("resources/Note.md", "update", "## Time-outs")).toEqual(["update", "20m"]);
    expect(row("resources/Note.md", "delete", "## Time-outs")).toEqual(["delete", "as long as it needs"]);
    expect(page("resources/Stamp.md")).not.toContain("| update |");
  });

  test("tells how it is imported, refreshed and found to have drifted", () => {
    const content = page("resources/Note.md");
    expect(content).toContain("pulumi import notebook:index:Note <name> <id>");
    expect(content).toContain("- The object is read anew before every preview and update.");
    expect(content).toContain("- An object that is recorded as not as desired is updated by the next `pulumi up`");
    expect(content).toContain("- Older type tokens: `notebook:index:Memo`.");
    expect(page("resources/Stamp.md")).toContain("- It cannot be imported, and a refresh leaves it as it is recorded.");
  });

  test("says that it is deprecated and that every change replaces it", () => {
    expect(page("resources/Stamp.md")).toContain("> **Deprecated:** use `Note`");
    expect(page("resources/Stamp.md")).toContain("makes a new object in place of the old one");
    expect(page("resources/Note.md")).not.toContain("makes a new object in place of the old one");
  });
});

describe("the pages of functions and components", () => {
  test("tell arguments, results and limits", () => {
    expect(page("functions/findNotes.md")).toContain("It may take 30s.");
    expect(row("functions/findNotes.md", "`ids`", "## Result")).toEqual(["`ids`", "list of string", "Their ids."]);
    expect(page("functions/today.md")).toContain("## Arguments\n\nIt takes none.");
  });

  test("tell methods", () => {
    const content = page("components/Book.md");
    expect(content).toContain("### search()\n\nFinds a word.");
    expect(content).toContain("### close()\n\nEnds the book.\n\nIt takes no arguments.");
    expect(row("components/Book.md", "`first`", "## Outputs")[1]).toBe("[Note](../resources/Note.md)");
  });
});

test("text that is Markdown itself stays what it is", () => {
  const never = async () => Promise.reject(new Error("not called"));
  const odd = defineResource({
    name: "Odd",
    description: "First line\nstill the first sentence. A second.",
    inputs: z.object({
      text: z.string().default("a`b|c").meta({ description: "Line one.\nLine two." }),
    }),
    outputs: z.object({}),
    examples: [{ title: "Fences", yaml: "text: |\n  ```\n  code\n  ```", typescript: "1", python: "1" }],
  }).handle<undefined>({ create: never, delete: never });
  const reference = referenceOf(
    defineProvider({
      info: { name: "odd", displayName: "Odd", version: "1.0.0", description: "Odd." },
      config: z.object({}),
      configure: async () => undefined,
      resources: [odd],
    }),
  );
  expect(reference.get("index.md")).toContain("| First line still the first sentence. |");
  expect(reference.get("configuration.md")).toContain("There is nothing to configure.");
  expect(reference.get("resources/Odd.md")).toContain('| `text` | string | `` "a`b\\|c" `` | Line one.<br>Line two. |');
  expect(reference.get("resources/Odd.md")).toContain("````yaml\ntext: |\n  ```\n  code\n  ```\n````");
});
