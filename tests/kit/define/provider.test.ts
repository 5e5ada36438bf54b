import { describe, expect, onTestFinished, test, vi } from "vitest";
import * as z from "zod";
import type { Log } from "../../../provider/kit/define/call.ts";
import { defineComponent } from "../../../provider/kit/define/component.ts";
import { defineFunction } from "../../../provider/kit/define/function.ts";
import type { PackageInfo, ProviderComponent, ProviderDefinition } from "../../../provider/kit/define/provider.ts";
import { DescriptorError, defineProvider, tokenOf } from "../../../provider/kit/define/provider.ts";
import type { Properties, Resource } from "../../../provider/kit/define/resource.ts";
import { defineResource } from "../../../provider/kit/define/resource.ts";
import { typesOf } from "../../../provider/kit/define/types.ts";

type Definition = ProviderDefinition<z.ZodObject, string, ProviderComponent>;

const info: PackageInfo = { name: "demo", displayName: "Demo", version: "1.2.3", description: "For tests." };

const silent = (): void => undefined;
const log: Log = { debug: silent, info: silent, warn: silent, error: silent, status: silent };

function provider(change: Partial<Definition>) {
  const definition: Definition = { info, config: z.object({}), configure: async () => "client", ...change };
  return defineProvider(definition);
}

/** What is wrong with a provider, one line each. */
function contradictions(change: Partial<Definition>): string[] {
  try {
    provider(change);
    return [];
  } catch (error) {
    if (!(error instanceof DescriptorError)) throw error;
    return error.contradictions.map(({ at, problem }) => `${at}: ${problem}`);
  }
}

function described<T extends z.ZodType>(schema: T): T {
  return schema.meta({ description: "Something." });
}

function thing(
  name: string,
  inputs: Record<string, z.ZodType> = {},
  outputs: Record<string, z.ZodType> = {},
): Resource<string> {
  return defineResource({
    name,
    description: "A thing.",
    inputs: z.object(inputs),
    outputs: z.object(outputs),
  }).handle<string>({
    create: async () => ({ id: "1", outputs: {} }),
    delete: async () => undefined,
  });
}

const find = (name: string) =>
  defineFunction({ name, description: "Finds it.", inputs: z.object({}), outputs: z.object({}) }).handle<string>(
    async () => ({}),
  );
const site = (name: string) =>
  defineComponent({ name, description: "A site.", inputs: z.object({}), outputs: z.object({}) });

describe("a provider", () => {
  test("holds all its parts by their tokens", () => {
    const made = provider({ resources: [thing("Thing")], functions: [find("getThing")], components: [site("Site")] });
    expect([...made.resources.keys(), ...made.functions.keys(), ...made.components.keys()]).toEqual([
      "demo:index:Thing",
      "demo:index:getThing",
      "demo:index:Site",
    ]);
    expect(tokenOf(info, "Thing")).toBe("demo:index:Thing");
  });

  test("is configured with the types of its configuration", async () => {
    const seen: unknown[] = [];
    const config = z.object({ endpoint: described(z.string()), retries: described(z.int().default(3)) });
    const made = defineProvider({
      info,
      config,
      configure: async ({ endpoint, retries }) => {
        seen.push(endpoint.toUpperCase(), retries + 1);
        return endpoint;
      },
    });
    const context = { log, signal: new AbortController().signal };
    expect(await made.configure({ endpoint: "local" }, context)).toBe("local");
    expect(seen).toEqual(["LOCAL", 4]);
  });

  test.each<[string, Partial<Definition>, string]>([
    ["with capitals in its name", { info: { ...info, name: "Demo" } }, 'info.name: "Demo" cannot be a package name'],
    ["called pulumi", { info: { ...info, name: "pulumi" } }, 'info.name: "pulumi" cannot be a package name'],
    ["without a version", { info: { ...info, version: "v1" } }, 'info.version: "v1" is no semantic version'],
    [
      "with two resources of one name",
      { resources: [thing("Thing"), thing("Thing")] },
      "Thing: there is already a resource of this name",
    ],
    [
      "with a function like a resource",
      { resources: [thing("Thing")], functions: [find("thing")] },
      "thing: there is already a resource of this name",
    ],
    [
      "with a component like a resource",
      { resources: [thing("Site")], components: [site("Site")] },
      "Site: there is already a resource of this name",
    ],
    [
      "with configuration that nobody describes",
      { config: z.object({ a: z.string() }) },
      "config.a: has no description",
    ],
    [
      "with configuration of a reserved name",
      { config: z.object({ version: described(z.string()) }) },
      "config.version: the name is reserved",
    ],
    [
      "with a credential in its configuration",
      { config: z.object({ a: described(z.string()).meta({ credential: true }) }) },
      'config.a: "credential" is for resource inputs',
    ],
    [
      "with configuration of any type",
      { config: z.object({ a: described(z.any()) }) },
      "config.a: configuration comes as text: it needs a type to be read",
    ],
    [
      "with a resource that contradicts itself",
      { resources: [thing("Thing", { a: z.string() })] },
      "Thing.inputs.a: has no description",
    ],
  ])("%s does not start", (_, change, problem) => {
    expect(contradictions(change)).toEqual([problem]);
  });

  test.each(["1.2.3-alpha.1", "1.2.3-rc-1+build.5", "0.0.1"])("may have the version %s", (version) => {
    expect(contradictions({ info: { ...info, version } })).toEqual([]);
  });

  test("may be replaced when its configuration changes", () => {
    expect(contradictions({ config: z.object({ a: described(z.string()).meta({ replaces: true }) }) })).toEqual([]);
  });

  test("that does not start names itself and every contradiction", () => {
    const broken = { resources: [thing("Thing", { a: z.string(), B: described(z.string()) })] };
    expect(() => provider(broken)).toThrow(
      'the descriptors of provider "demo" contradict themselves:\n  Thing.inputs.a: has no description\n  Thing.inputs.B: the name must be camelCase',
    );
  });
});

test("a provider that was built for production reads a descriptor when it is needed, and starts without", () => {
  vi.stubEnv("NODE_ENV", "production");
  onTestFinished(() => {
    vi.unstubAllEnvs();
  });
  let read = 0;
  const inputs = z.object({
    get a() {
      read += 1;
      return described(z.string());
    },
  });
  const resource = defineResource({ name: "Thing", description: "A thing.", inputs, outputs: z.object({}) });
  const made = provider({
    resources: [
      resource.handle<string>({ create: async () => ({ id: "1", outputs: {} }), delete: async () => undefined }),
    ],
    config: z.object({ b: z.string() }),
  });
  expect(read).toBe(0);
  expect([...(made.resources.get("demo:index:Thing")?.descriptor.inputs.properties.keys() ?? [])]).toEqual(["a"]);
  expect(read).toBeGreaterThan(0);
  vi.unstubAllEnvs();
  expect(() => provider({ config: z.object({ b: z.string() }) })).toThrow("config.b: has no description");
});

describe("the named types of a provider", () => {
  const endpoint = z.object({ host: described(z.string()) }).meta({ description: "Where.", typeName: "Endpoint" });

  test("are collected from every part, each once", () => {
    const mode = described(z.enum(["a", "b"]));
    const made = provider({
      config: z.object({ proxy: endpoint }),
      resources: [thing("Thing", { from: endpoint, list: described(z.array(z.object({ mode }))) }, { to: endpoint })],
    });
    expect([...typesOf(made).keys()]).toEqual(["Endpoint", "ThingListItem", "ThingListItemMode"]);
  });

  test.each<[string, z.ZodType]>([
    ["another type", z.object({ host: described(z.int()) })],
    ["another property", z.object({ host: described(z.string()), port: described(z.int()) })],
    ["an optional property", z.object({ host: described(z.string().optional()) })],
    ["a secret property", z.object({ host: described(z.string()).meta({ secret: true }) })],
    ["a default", z.object({ host: described(z.string().default("x")) })],
    ["values instead of properties", z.enum(["a", "b"])],
  ])("cannot have one name for two types, of which one has %s", (_, other) => {
    const inputs = { a: endpoint, b: other.meta({ description: "Other.", typeName: "Endpoint" }) };
    expect(contradictions({ resources: [thing("Thing", inputs)] })).toEqual([
      "Endpoint: two different types have this name; give one of them another `typeName`",
    ]);
  });

  test("cannot be called like a resource or function, whatever the case", () => {
    expect(contradictions({ resources: [thing("Endpoint"), thing("Thing", { a: endpoint })] })).toEqual([
      "Endpoint: a type cannot have the name of a resource, component or function; give it a `typeName`",
    ]);
    expect(
      contradictions({ functions: [find("endpoint")], resources: [thing("Thing", { a: endpoint })] }),
    ).toHaveLength(1);
  });

  test("may contain themselves", () => {
    interface Tree {
      name: string;
      children?: Tree[] | undefined;
    }
    const tree: z.ZodType<Tree> = z.object({
      name: described(z.string()),
      get children() {
        return described(z.array(tree).optional());
      },
    });
    const made = provider({ resources: [thing("Thing", { tree: described(tree) }, { copy: described(tree) })] });
    expect([...typesOf(made).keys()]).toEqual(["ThingTree", "ThingCopy"]);
  });
});

test("the drift of a resource is told from its recorded state, also where an import left credentials out", () => {
  const definition = defineResource({
    name: "Thing",
    description: "A thing.",
    inputs: z.object({ want: described(z.int()), password: described(z.string()).meta({ credential: true }) }),
    outputs: z.object({ have: described(z.int()) }),
    drift: ({ inputs, outputs }) => (inputs.want === outputs.have ? [] : [["have"]]),
  });
  const { descriptor } = definition;
  const state = (want: number, have: number): { inputs: Properties; outputs: Properties } => ({
    inputs: { want },
    outputs: { have },
  });
  expect(descriptor.drift(state(1, 1))).toEqual([]);
  expect(descriptor.drift(state(1, 2))).toEqual([["have"]]);
  expect(thing("Other").descriptor.drift(state(1, 2))).toEqual([]);
});
