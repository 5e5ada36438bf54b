import { expect, test } from "vitest";
import * as z from "zod";
import { defineComponent } from "../../../provider/kit/define/component.ts";
import { defineFunction } from "../../../provider/kit/define/function.ts";
import { DescriptorError, defineProvider } from "../../../provider/kit/define/provider.ts";
import { defineResource } from "../../../provider/kit/define/resource.ts";
import { asset, resourceReference } from "../../../provider/kit/define/scalars.ts";

const never = async () => Promise.reject(new Error("not called"));
const text = () => z.string().optional().meta({ description: "A text." });

function resource(name: string, inputs: z.ZodObject, outputs = z.object({})) {
  return defineResource({ name, description: "Something.", inputs, outputs }).handle<undefined>({
    create: never,
    delete: never,
  });
}

interface Parts {
  readonly config?: z.ZodObject;
  readonly resources?: readonly ReturnType<typeof resource>[];
  readonly functions?: readonly ReturnType<ReturnType<typeof defineFunction>["handle"]>[];
  readonly components?: readonly { readonly descriptor: ReturnType<typeof defineComponent>["descriptor"] }[];
}

/** What is wrong with a provider of the given parts, as "place: problem". */
function contradictions({ config = z.object({}), ...parts }: Parts): string[] {
  try {
    defineProvider({
      info: { name: "test", displayName: "Test", version: "1.0.0", description: "A test." },
      config,
      configure: async () => undefined,
      ...parts,
    });
    return [];
  } catch (error) {
    if (!(error instanceof DescriptorError)) throw error;
    return error.contradictions.map(({ at, problem }) => `${at}: ${problem}`);
  }
}

test("a resource cannot refer to itself", () => {
  const self = resource(
    "Self",
    z.object({ next: resourceReference("Self").optional().meta({ description: "The next." }) }),
  );
  expect(contradictions({ resources: [self] })).toEqual([
    "Self: the references Self -> Self make a circle, with which the SDK for TypeScript does not compile; take an id as a string instead",
  ]);
});

test("resources cannot refer to each other in a circle, which is told once", () => {
  const reference = (to: string) =>
    z.object({ other: resourceReference(to).optional().meta({ description: "Another." }) });
  const circle = [
    resource("One", reference("Two")),
    resource("Two", reference("Three")),
    resource("Three", z.object({}), reference("One")),
  ];
  expect(contradictions({ resources: circle })).toHaveLength(1);
  expect(contradictions({ resources: circle })[0]).toContain("One -> Two -> Three -> One");
  expect(contradictions({ resources: [resource("One", reference("Two")), resource("Two", z.object({}))] })).toEqual([]);
});

test("a reference needs a resource to refer to", () => {
  const lost = resource(
    "Lost",
    z.object({ list: z.array(resourceReference("Nothing")).optional().meta({ description: "Some." }) }),
  );
  expect(contradictions({ resources: [lost] })).toEqual(['Lost.inputs: there is no resource "Nothing" to refer to']);
});

test("a configuration key cannot be a word of JavaScript, nor one of its aliases", () => {
  const config = z.object({
    default: text(),
    region: z
      .string()
      .optional()
      .meta({ description: "Where.", aliases: ["function"] }),
    nested: z.object({ default: text() }).optional().meta({ description: "Deeper, where it is allowed." }),
  });
  expect(contradictions({ config })).toEqual([
    "config.default: the name means something else in an SDK",
    "config.region: the name means something else in an SDK",
  ]);
});

test("configuration is text and cannot hold files", () => {
  const config = z.object({ files: z.array(asset()).optional().meta({ description: "Files." }) });
  expect(contradictions({ config })).toContain(
    "config.files: configuration is text and can hold no asset, archive or resource",
  );
});

test("no property can have the name of a member that every object has", () => {
  expect(contradictions({ resources: [resource("Thing", z.object({ constructor: text() }))] })).toContain(
    "Thing.inputs.constructor: the name means something else in an SDK",
  );
  const nested = z.object({ inner: z.object({ toString: text() }).optional().meta({ description: "Inside." }) });
  expect(contradictions({ resources: [resource("Thing", nested)] })).toContain(
    "Thing.inputs.inner.toString: the name means something else in an SDK",
  );
});

test("a resource cannot have a property that hides how it is looked up, but a nested object can", () => {
  expect(contradictions({ resources: [resource("Thing", z.object({ get: text() }))] })).toEqual([
    "Thing.inputs.get: the name means something else in an SDK",
  ]);
  const nested = z.object({ inner: z.object({ get: text() }).optional().meta({ description: "Inside." }) });
  expect(contradictions({ resources: [resource("Thing", nested)] })).toEqual([]);
});

test("a function cannot have an argument that SDKs for Python give every function", () => {
  const look = defineFunction({
    name: "look",
    description: "Looks.",
    inputs: z.object({ opts: text() }),
    outputs: z.object({}),
  });
  expect(contradictions({ functions: [look.handle<undefined>(async () => ({}))] })).toEqual([
    "look.inputs.opts: the name means something else in an SDK",
  ]);
});

test("no type can have a name that the SDK for Go makes of a function or method", () => {
  const part = z.object({ a: text() }).optional();
  const look = defineFunction({
    name: "look",
    description: "Looks.",
    inputs: z.object({}),
    outputs: z.object({ result: part.meta({ description: "What was seen." }) }),
  });
  expect(contradictions({ functions: [look.handle<undefined>(async () => ({}))] })).toEqual([
    "LookResult: the SDK for Go gives this name to a type of a function; give the type another `typeName`",
  ]);
  const box = defineComponent({
    name: "Box",
    description: "Holds.",
    inputs: z.object({ inside: part.meta({ description: "What is in it.", typeName: "BoxOpenArgs" }) }),
    outputs: z.object({}),
    methods: { open: { description: "Opens.", inputs: z.object({}), outputs: z.object({}) } },
  });
  expect(contradictions({ components: [{ descriptor: box.descriptor }] })).toHaveLength(1);
});

test("a required input cannot be null, which no typed SDK can say", () => {
  const inputs = z.object({ note: z.string().nullable().meta({ description: "A note." }) });
  expect(contradictions({ resources: [resource("Thing", inputs)] })).toEqual([
    "Thing.inputs.note: no typed SDK can give null where a value is required; make it `.nullish()`",
  ]);
  const outputs = z.object({ note: z.string().nullable().meta({ description: "A note." }) });
  expect(contradictions({ resources: [resource("Thing", z.object({}), outputs)] })).toEqual([]);
});

test("an enum of true and false is a boolean", () => {
  const inputs = z.object({ on: z.literal([true, false]).optional().meta({ description: "On." }) });
  expect(contradictions({ resources: [resource("Thing", inputs)] })).toEqual([
    "Thing.inputs.on: an enum of true and false is `z.boolean()`",
  ]);
});

test("an object cannot hold itself without end, but may hold a list of itself", () => {
  const endless = z.object({
    get next() {
      return endless.meta({ description: "The next." });
    },
  });
  const rooted = (schema: z.ZodObject) => z.object({ first: schema.optional().meta({ description: "The first." }) });
  expect(contradictions({ resources: [resource("Thing", rooted(endless))] })[0]).toContain(
    "would have to hold itself without end",
  );
  const finite = z.object({
    get children() {
      return z.array(finite).meta({ description: "Below." });
    },
  });
  expect(contradictions({ resources: [resource("Thing", rooted(finite))] })).toEqual([]);
});
