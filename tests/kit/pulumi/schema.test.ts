import { describe, expect, test } from "vitest";
import * as z from "zod";
import { defineProvider, type PackageInfo } from "../../../provider/kit/define/provider.ts";
import { defineResource } from "../../../provider/kit/define/resource.ts";
import type { EnumTypeSpec, ObjectTypeSpec } from "../../../provider/kit/pulumi/package-schema.ts";
import { schemaOf } from "../../../provider/kit/pulumi/schema.ts";
import { notebook } from "../../fixtures/notebook.ts";

const schema = schemaOf(notebook);
const note = schema.resources?.["notebook:index:Note"];
const inputs = note?.inputProperties ?? {};
const outputs = note?.properties ?? {};

function type(name: string): ObjectTypeSpec | EnumTypeSpec | undefined {
  return schema.types?.[`notebook:index:${name}`];
}

function objectType(name: string): ObjectTypeSpec {
  const spec = type(name);
  if (spec?.type !== "object") throw new Error(`${name} is no object type`);
  return spec;
}

describe("the package", () => {
  test("says what the registry and the package managers need", () => {
    expect(schema).toMatchObject({
      name: "notebook",
      displayName: "Notebook",
      version: "1.2.3",
      description: "Keeps notes.",
      keywords: ["pulumi", "kind/native", "category/utility"],
      homepage: "https://example.com/notebook",
      license: "Apache-2.0",
      repository: "https://example.com/notebook.git",
      publisher: "Example",
      logoUrl: "https://example.com/notebook.svg",
      pluginDownloadURL: "github://api.github.com/example/notebook",
      meta: { moduleFormat: "(.*)" },
    });
  });

  test("gives every SDK its name and the version of the schema", () => {
    expect(schema.language).toEqual({
      csharp: {
        respectSchemaVersion: true,
        rootNamespace: "Example",
        namespaces: { notebook: "Notebook" },
        packageReferences: { Pulumi: "3.*" },
      },
      go: {
        respectSchemaVersion: true,
        importBasePath: "example.com/notebook/sdk/go/notebook",
        generateResourceContainerTypes: true,
      },
      java: { respectSchemaVersion: true, basePackage: "com.example", buildFiles: "gradle" },
      nodejs: { respectSchemaVersion: true, packageName: "@example/notebook", packageDescription: "Keeps notes." },
      python: { respectSchemaVersion: true, packageName: "example_notebook", pyproject: { enabled: true } },
    });
  });

  test("is plain JSON, equal on every call", () => {
    expect(JSON.parse(JSON.stringify(schema))).toStrictEqual(schema);
    expect(JSON.stringify(schemaOf(notebook))).toBe(JSON.stringify(schema));
  });

  test("does not depend on the order of definitions", () => {
    const info: PackageInfo = {
      name: "ordered",
      displayName: "Ordered",
      version: "1.0.0",
      description: "In any order.",
    };
    const text = () => z.string().meta({ description: "A text." });
    const never = async () => Promise.reject(new Error("not called"));
    const resource = (name: string, names: readonly string[]) =>
      defineResource({
        name,
        description: "Something.",
        inputs: z.object(Object.fromEntries(names.map((each) => [each, text()]))),
        outputs: z.object({}),
      }).handle<undefined>({ create: never, delete: never });
    const provider = (resources: ReturnType<typeof resource>[]) =>
      schemaOf(defineProvider({ info, config: z.object({}), configure: async () => undefined, resources }));
    const forwards = provider([resource("First", ["a", "b"]), resource("Second", ["c"])]);
    const backwards = provider([resource("Second", ["c"]), resource("First", ["b", "a"])]);
    expect(JSON.stringify(backwards)).toBe(JSON.stringify(forwards));
  });

  test("holds no empty list or map, which Pulumi leaves out when it writes a schema", () => {
    const empty: string[] = [];
    const look = (value: unknown, path: string) => {
      if (typeof value !== "object" || value === null) return;
      if (Object.keys(value).length === 0) empty.push(path);
      for (const [key, item] of Object.entries(value)) look(item, `${path}/${key}`);
    };
    look(schema, "");
    expect(empty).toEqual([]);
  });
});

describe("configuration", () => {
  test("is the same for the stack and for explicit instances of the provider", () => {
    expect(schema.config?.variables).toEqual(schema.provider.inputProperties);
    expect(schema.config?.variables.token).toEqual({
      type: "string",
      description: "Opens the shelf. Taken from `NOTEBOOK_TOKEN` where it is not given.",
      defaultInfo: { environment: ["NOTEBOOK_TOKEN"] },
      secret: true,
    });
    expect(schema.config?.variables.parallel).toMatchObject({ type: "integer", default: 8 });
  });

  test("tells SDKs of environment variables for plain values only, because they read them as text", () => {
    expect(schema.config?.variables.proxies).toEqual({
      type: "array",
      items: { type: "string" },
      description: "The way there. Taken from `NOTEBOOK_PROXIES` where it is not given.",
    });
  });

  test("is not insisted on by SDKs where an older name would do", () => {
    expect(schema.provider.requiredInputs).toBeUndefined();
    expect(schema.provider.required).toEqual(["parallel", "url"]);
  });
});

describe("a resource", () => {
  test("has its description with examples and the way to import it", () => {
    expect(note?.description).toBe(
      [
        "A line of text that is kept.\n\nNotes can be long.",
        "{{% examples %}}",
        "## Example Usage",
        "{{% example %}}",
        "### A note",
        "The smallest one.",
        '```typescript\nnew notebook.Note("hello", { text: "hello" });\n```',
        '```python\nnotebook.Note("hello", text="hello")\n```',
        '```go\nnotebook.NewNote(ctx, "hello", &notebook.NoteArgs{Text: pulumi.String("hello")})\n```',
        "```yaml\nresources:\n  hello:\n    type: notebook:Note\n    properties:\n      text: hello\n```",
        "{{% /example %}}",
        "{{% /examples %}}",
        "## Import",
        "```sh\n$ pulumi import notebook:index:Note <name> <id>\n```",
      ].join("\n\n"),
    );
  });

  test("has no import section where nothing can be read", () => {
    expect(schema.resources?.["notebook:index:Stamp"]?.description).toBe("A mark that cannot be changed.");
  });

  test("keeps its older type tokens and says that it can be listed", () => {
    expect(note?.aliases).toEqual([{ type: "notebook:index:Memo" }]);
    expect(note?.listInputs).toEqual({ type: "object" });
    expect(schema.resources?.["notebook:index:Stamp"]?.listInputs).toBeUndefined();
  });

  test("takes every input, credentials included and none required, when a program only looks it up", () => {
    expect(note?.stateInputs?.properties).toEqual(note?.inputProperties);
    expect(note?.stateInputs?.required).toBeUndefined();
    expect(schema.resources?.["notebook:index:Stamp"]?.stateInputs).toBeUndefined();
  });

  test("says what to use in its place", () => {
    expect(schema.resources?.["notebook:index:Stamp"]?.deprecationMessage).toBe("use `Note`");
  });

  test("gives out its inputs without credentials, and what the provider adds", () => {
    expect(Object.keys(outputs)).toEqual(
      [
        ...Object.keys(inputs).filter((name) => name !== "token" && name !== "content"),
        "archivedAt",
        "history",
        "key",
        "mainColor",
        "writtenAt",
      ].sort(),
    );
    expect(inputs.token).toMatchObject({ secret: true, defaultInfo: { environment: ["NOTEBOOK_TOKEN"] } });
  });

  test("promises the outputs that are always there: required, defaulted, or named by the provider", () => {
    expect(note?.required).toEqual([
      "batch",
      "color",
      "copies",
      "format",
      "history",
      "lifetime",
      "lines",
      "mainColor",
      "margin",
      "pinned",
      "text",
      "title",
      "weight",
      "writtenAt",
    ]);
    expect(outputs.archivedAt).toEqual({ type: "string", description: "When it was put away, or null." });
  });

  test("accepts an input by its older name, and lets the provider see to it that one of the two is there", () => {
    expect(note?.requiredInputs).toBeUndefined();
    expect(inputs.content).toEqual({
      type: "string",
      description: "Older name of `text`.",
      deprecationMessage: "renamed to `text`",
    });
    expect(schema.resources?.["notebook:index:Stamp"]?.requiredInputs).toEqual(["stamp"]);
  });

  test("says which changes replace it; without an update, all but credentials", () => {
    expect(inputs.title).toEqual({
      type: "string",
      description:
        "Its name. Left out, it is made from the resource's name and 4 random characters, 20 characters at most.",
      willReplaceOnChanges: true,
    });
    expect(outputs.title).toEqual({ type: "string", description: "Its name." });
    expect(inputs.color?.willReplaceOnChanges).toBeUndefined();
    const stamp = schema.resources?.["notebook:index:Stamp"];
    expect(stamp?.inputProperties?.stamp?.willReplaceOnChanges).toBe(true);
    expect(stamp?.inputProperties?.pin?.willReplaceOnChanges).toBeUndefined();
  });

  test("gives a property another name in C# where it has the name of its class", () => {
    const stamp = schema.resources?.["notebook:index:Stamp"];
    expect(stamp?.properties?.stamp?.language).toEqual({ csharp: { name: "StampValue" } });
  });
});

describe("a property", () => {
  test.each([
    ["lines", { type: "integer", description: "How many lines.", default: 10 }],
    ["margin", { type: "number", description: "In millimetres.", default: 1.5 }],
    ["pinned", { type: "boolean", description: "True to keep it on top.", default: false }],
    ["format", { type: "string", description: "The only format there is.", const: "plain", default: "plain" }],
    ["color", { $ref: "#/types/notebook:index:Color", description: "The paper.", default: "red" }],
    ["weight", { $ref: "#/types/notebook:index:Weight", description: "How bold.", default: 400 }],
    ["labels", { type: "object", additionalProperties: { type: "string" }, description: "Words by name." }],
    ["extra", { $ref: "pulumi.json#/Any", description: "Anything else." }],
    ["picture", { $ref: "pulumi.json#/Asset", description: "A picture." }],
    ["pages", { $ref: "pulumi.json#/Archive", description: "All pages." }],
    ["stamp", { $ref: "#/resources/notebook:index:Stamp", description: "The mark on it." }],
    ["passphrase", { type: "string", description: "Locks it.", secret: true }],
    ["comment", { type: "string", description: "A remark; null takes it away." }],
    ["colour", { type: "string", description: "The paper.", deprecationMessage: "use `color`" }],
    ["outline", { type: "array", items: { $ref: "#/types/notebook:index:Chapter" }, description: "Its chapters." }],
  ])("%s is written as Pulumi's own type", (name, expected) => {
    expect(inputs[name]).toEqual(expected);
  });

  test("has its default as text where SDKs cannot carry it: lists, objects and unions", () => {
    expect(inputs.copies).toEqual({
      type: "array",
      items: { $ref: "#/types/notebook:index:Place" },
      description: "More places. Default: `[]`. Order and repetitions mean nothing.",
    });
    expect(inputs.batch).toEqual({
      oneOf: [{ type: "integer" }, { type: "string" }],
      description: 'How many at once. The text is a percentage from 0% to 100%, such as "10%". Default: `"50%"`.',
    });
  });

  test("is of any type where it may be a list or something else, which the runtime of Python cannot tell apart", () => {
    const listed = defineResource({
      name: "Listed",
      description: "Something.",
      inputs: z.object({ places: z.union([z.string(), z.array(z.string())]).meta({ description: "Where." }) }),
      outputs: z.object({}),
    }).handle<undefined>({
      create: async () => ({ id: "listed", outputs: {} }),
      delete: async () => undefined,
    });
    const small: PackageInfo = { name: "small", displayName: "Small", version: "1.0.0", description: "Little." };
    const { resources } = schemaOf(
      defineProvider({ info: small, config: z.object({}), configure: async () => undefined, resources: [listed] }),
    );
    expect(resources?.["small:index:Listed"]?.inputProperties?.places).toEqual({
      $ref: "pulumi.json#/Any",
      description: "Where.",
      willReplaceOnChanges: true,
    });
  });

  test("loses the names of enum values in a union with another kind, which SDKs for Go would take for the whole", () => {
    expect(inputs.size).toEqual({
      oneOf: [{ type: "number" }, { type: "string" }],
      description: 'The size of letters. Examples: `8`, `"large"`.',
    });
  });

  test("of a discriminated union names the type for each value, in lists and maps too", () => {
    const union = {
      oneOf: [
        { $ref: "#/types/notebook:index:NoteWatcherMail" },
        { $ref: "#/types/notebook:index:NoteWatcherWebHook" },
      ],
      discriminator: {
        propertyName: "kind",
        mapping: {
          mail: "#/types/notebook:index:NoteWatcherMail",
          "web-hook": "#/types/notebook:index:NoteWatcherWebHook",
        },
      },
    };
    expect(inputs.watchers).toEqual({ type: "array", items: union, description: "Who hears of changes." });
    expect(inputs.owner).toEqual({ ...union, description: "Who hears first." });
    expect(inputs.fallbacks?.additionalProperties).toEqual(union);
  });
});

describe("a named type", () => {
  test("is written once, described by itself and not by the place of its use", () => {
    expect(type("Color")).toEqual({
      type: "string",
      description: "The colour of paper.",
      enum: [
        { name: "Red", value: "red", description: "Like a rose." },
        { name: "DarkBlue", value: "dark-blue", description: "Like the sea at night." },
        { name: "Value3", value: "*" },
      ],
    });
    expect(outputs.mainColor).toEqual({ $ref: "#/types/notebook:index:Color", description: "The colour it got." });
    expect(Object.keys(schema.types ?? {}).filter((token) => token.includes("Color"))).toEqual([
      "notebook:index:Color",
    ]);
  });

  test("of whole numbers is an enum of integers", () => {
    expect(type("Weight")).toMatchObject({
      type: "integer",
      enum: [
        { name: "Value400", value: 400 },
        { name: "Value700", value: 700 },
      ],
    });
  });

  test("may contain itself", () => {
    expect(objectType("Chapter").properties?.chapters).toMatchObject({
      items: { $ref: "#/types/notebook:index:Chapter" },
    });
    expect(objectType("Chapter").required).toEqual(["title"]);
  });

  test("keeps secrets and older names of its properties, and says what is filled in where it is left out", () => {
    expect(objectType("Place")).toEqual({
      type: "object",
      description: "Where something is kept.",
      properties: {
        host: { type: "string", description: "The machine." },
        hostname: { type: "string", description: "Older name of `host`.", deprecationMessage: "renamed to `host`" },
        password: { type: "string", description: "The password of `user`.", secret: true },
        port: { type: "integer", description: "The port. Default: `22`." },
        user: {
          type: "string",
          description: "Who logs in. Taken from `NOTEBOOK_USER` or `USER` where it is not given.",
        },
      },
      required: ["password"],
    });
  });

  test("has a twin without credentials on the output side", () => {
    expect(outputs.place?.$ref).toBe("#/types/notebook:index:PlaceWithoutCredentials");
    expect(outputs.copies?.items).toEqual({ $ref: "#/types/notebook:index:PlaceWithoutCredentials" });
    expect(objectType("PlaceWithoutCredentials")).toEqual({
      type: "object",
      description: "Where something is kept.",
      properties: {
        host: { type: "string", description: "The machine." },
        port: { type: "integer", description: "The port." },
        user: { type: "string", description: "Who logs in." },
      },
      required: ["host", "port"],
    });
  });

  test("tells which one of a union it is by a constant", () => {
    expect(objectType("NoteWatcherWebHook")).toMatchObject({
      properties: { kind: { type: "string", const: "web-hook" }, url: { secret: true } },
      required: ["kind", "url"],
    });
  });
});

describe("functions and components", () => {
  test("a function has its arguments and its result", () => {
    expect(schema.functions?.["notebook:index:findNotes"]).toMatchObject({
      inputs: {
        type: "object",
        properties: {
          colors: { type: "array", items: { $ref: "#/types/notebook:index:Color" } },
          limit: { type: "integer", default: 10 },
          token: { secret: true },
          word: { type: "string" },
        },
        required: ["word"],
      },
      outputs: {
        type: "object",
        properties: { first: { $ref: "#/types/notebook:index:FindNotesFirst" }, ids: { items: { type: "string" } } },
        required: ["ids"],
      },
    });
  });

  test("a function without arguments has no inputs", () => {
    const today = schema.functions?.["notebook:index:today"];
    expect(today?.inputs).toBeUndefined();
    expect(today?.deprecationMessage).toBe("ask a clock");
  });

  test("a component gives out its outputs, not its inputs, and names its methods", () => {
    const book = schema.resources?.["notebook:index:Book"];
    expect(book?.isComponent).toBe(true);
    expect(book?.properties).toEqual({
      count: { type: "integer", description: "How many notes." },
      first: { $ref: "#/resources/notebook:index:Note", description: "The first note." },
    });
    expect(book?.requiredInputs).toEqual(["title"]);
    expect(book?.methods).toEqual({ close: "notebook:index:Book/close", search: "notebook:index:Book/search" });
  });

  test("a method takes the component itself as its first argument", () => {
    expect(schema.functions?.["notebook:index:Book/search"]).toEqual({
      description: "Finds a word.",
      inputs: {
        type: "object",
        properties: {
          __self__: { $ref: "#/resources/notebook:index:Book" },
          word: { type: "string", description: "The word." },
        },
        required: ["__self__", "word"],
      },
      outputs: {
        type: "object",
        properties: { pages: { type: "array", items: { type: "integer" }, description: "Where it is." } },
        required: ["pages"],
      },
    });
    expect(schema.functions?.["notebook:index:Book/close"]?.inputs?.required).toEqual(["__self__"]);
  });
});

test("every reference leads to a type or resource of the schema", () => {
  const missing: string[] = [];
  const look = (value: unknown) => {
    if (typeof value === "string") {
      const match = /^#\/(types|resources)\/(.+)$/.exec(value);
      const section = match?.[1] === "types" ? schema.types : schema.resources;
      if (match?.[2] !== undefined && section?.[match[2]] === undefined) missing.push(value);
    } else if (typeof value === "object" && value !== null) Object.values(value).forEach(look);
  };
  look(schema);
  expect(missing).toEqual([]);
});
