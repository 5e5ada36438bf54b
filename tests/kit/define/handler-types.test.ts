import { expectTypeOf, test } from "vitest";
import * as z from "zod";
import type { Context } from "../../../provider/kit/define/call.ts";
import { defineComponent } from "../../../provider/kit/define/component.ts";
import { defineFunction } from "../../../provider/kit/define/function.ts";
import type { Path } from "../../../provider/kit/define/path.ts";
import type { Resource } from "../../../provider/kit/define/resource.ts";
import { defineResource } from "../../../provider/kit/define/resource.ts";
import type { Duration, Percentage } from "../../../provider/kit/define/scalars.ts";
import { asset, duration, numberOrPercent, resourceReference } from "../../../provider/kit/define/scalars.ts";
import type { Asset, ResourceReference, Unknown } from "../../../provider/kit/define/value.ts";
import { Secret, unknown } from "../../../provider/kit/define/value.ts";

// The type check of the tests is what proves this file; at run time its descriptors and handlers are only built.

interface Store {
  write(text: string): Promise<string>;
}

const auth = z.discriminatedUnion("method", [
  z.object({ method: z.literal("password"), password: z.string().meta({ secret: true }) }),
  z.object({ method: z.literal("key"), key: z.string() }),
]);
const thing = defineResource({
  name: "Thing",
  description: "A thing.",
  inputs: z.object({
    name: z.string(),
    mode: z.enum(["fast", "safe"]).default("safe"),
    note: z.string().nullable().optional(),
    hosts: z.array(z.object({ address: z.string(), port: z.int().default(22) })),
    tags: z.record(z.string(), z.string()).optional(),
    timeout: duration().default("2s"),
    parallel: numberOrPercent().optional(),
    file: asset().optional(),
    owner: resourceReference("Owner").optional(),
    auth,
  }),
  outputs: z.object({
    token: z.string().meta({ secret: true }),
    counts: z.object({ ok: z.int(), failed: z.int() }),
    seenAt: z.string().optional(),
  }),
  stableOutputs: ["token"],
  drift: ({ inputs, outputs }): readonly Path[] => {
    expectTypeOf(inputs.mode).toEqualTypeOf<"fast" | "safe">();
    expectTypeOf(outputs.counts.ok).toEqualTypeOf<number>();
    return [];
  },
});
const gone = async (): Promise<void> => undefined;
const outputs = { token: "t", counts: { ok: 1, failed: 0 } };

test("handlers see the exact types of their inputs, old state and client", () => {
  thing.handle<Store>({
    async check({ inputs, old }) {
      expectTypeOf(inputs.name).toEqualTypeOf<string | Unknown>();
      expectTypeOf(inputs.timeout).toEqualTypeOf<Duration | Unknown>();
      expectTypeOf(inputs.file).toEqualTypeOf<Asset | Unknown | undefined>();
      expectTypeOf(old).not.toBeAny();
      return [{ path: ["hosts", 0], reason: "no", severity: "warning" }];
    },
    async create({ inputs, exists, urn, logicalName }, { client, signal, log }) {
      expectTypeOf(inputs.name).toEqualTypeOf<string>();
      expectTypeOf(inputs.mode).toEqualTypeOf<"fast" | "safe">();
      expectTypeOf(inputs.note).toEqualTypeOf<string | null | undefined>();
      expectTypeOf(inputs.hosts).toEqualTypeOf<{ address: string; port: number }[]>();
      expectTypeOf(inputs.tags).toEqualTypeOf<Record<string, string> | undefined>();
      expectTypeOf(inputs.timeout).toEqualTypeOf<Duration>();
      expectTypeOf(inputs.parallel).toEqualTypeOf<number | Percentage | undefined>();
      expectTypeOf(inputs.file).toEqualTypeOf<Asset | undefined>();
      expectTypeOf(inputs.owner).toEqualTypeOf<ResourceReference | undefined>();
      if (inputs.auth.method === "password") expectTypeOf(inputs.auth.password).toEqualTypeOf<string>();
      // @ts-expect-error there is no such input
      void inputs.nmae;
      expectTypeOf(urn).toEqualTypeOf<string>();
      expectTypeOf(logicalName).toEqualTypeOf<string>();
      expectTypeOf(client).toEqualTypeOf<Store>();
      expectTypeOf(signal).toEqualTypeOf<AbortSignal>();
      log.status(inputs.name);
      exists("1", { token: new Secret("t") });
      // @ts-expect-error there is no such output
      exists("1", { tokne: "t" });
      return {
        id: "1",
        outputs: { token: new Secret("t"), counts: { ok: new Secret(1), failed: 0 } },
        reasons: ["not yet"],
      };
    },
    async read({ id, old }) {
      expectTypeOf(old?.inputs.hosts[0]?.port).toEqualTypeOf<number | undefined>();
      expectTypeOf(old?.outputs.seenAt).toEqualTypeOf<string | undefined>();
      return id === "" ? undefined : { inputs: { name: "n", auth: new Secret({ method: "key", key: "k" }) }, outputs };
    },
    async update({ inputs, old, changes }) {
      expectTypeOf(inputs).toEqualTypeOf(old.inputs);
      expectTypeOf(changes[0]?.effect).toEqualTypeOf<"secrecy" | "credential" | "update" | "replace" | undefined>();
      return { outputs };
    },
    async delete({ old }) {
      expectTypeOf(old.outputs.token).toEqualTypeOf<string>();
    },
    async previewCreate({ inputs }) {
      expectTypeOf(inputs.name).toEqualTypeOf<string | Unknown>();
      return { token: new Secret(unknown), counts: { ok: unknown, failed: 0 } };
    },
    async previewUpdate({ old }) {
      return { token: old.outputs.token, seenAt: unknown };
    },
    async *list({ limit }) {
      if (limit > 0) yield { id: "1", name: "one" };
    },
  });
});

test("a handler with wrong outputs does not compile", () => {
  const required = { delete: gone };
  // @ts-expect-error an output has another name
  thing.handle({ ...required, create: async () => ({ id: "1", outputs: { tokne: "t", counts: outputs.counts } }) });
  // @ts-expect-error an output has another type
  thing.handle({ ...required, create: async () => ({ id: "1", outputs: { ...outputs, token: 5 } }) });
  // @ts-expect-error a secret hides another type
  thing.handle({ ...required, create: async () => ({ id: "1", outputs: { ...outputs, token: new Secret(5) } }) });
  // @ts-expect-error a nested output is missing
  thing.handle({ ...required, create: async () => ({ id: "1", outputs: { token: "t", counts: { ok: 1 } } }) });
  // @ts-expect-error nothing may be unknown once it was created
  thing.handle({ ...required, create: async () => ({ id: "1", outputs: { ...outputs, token: unknown } }) });
  // @ts-expect-error the id is missing
  thing.handle({ ...required, create: async () => ({ outputs }) });
  // @ts-expect-error nothing can be deleted
  thing.handle({ create: async () => ({ id: "1", outputs }) });
  // @ts-expect-error a preview gives another type
  thing.handle({ ...required, create: async () => ({ id: "1", outputs }), previewCreate: async () => ({ token: 5 }) });
});

test("a descriptor with a stable output that is none does not compile", () => {
  const base = {
    name: "Thing",
    description: "A thing.",
    inputs: z.object({}),
    outputs: z.object({ token: z.string() }),
  };
  // @ts-expect-error there is no such output
  defineResource({ ...base, stableOutputs: ["tokne"] });
});

test("resources of different types stand in one list, if their client is the same", () => {
  const create = async () => ({ id: "1", outputs });
  const one = thing.handle<Store>({ create, delete: gone });
  const other = defineResource({
    name: "Other",
    description: "Another.",
    inputs: z.object({}),
    outputs: z.object({}),
  }).handle<Store>({
    create: async () => ({ id: "1", outputs: {} }),
    delete: gone,
  });
  const all: Resource<Store>[] = [one, other];
  expectTypeOf(all).toEqualTypeOf<Resource<Store>[]>();
});

test("functions see their arguments and give their results", () => {
  const add = defineFunction({
    name: "add",
    description: "Adds.",
    inputs: z.object({ a: z.int(), b: z.int().optional() }),
    outputs: z.object({ sum: z.int() }),
    timeout: "5s",
  });
  add.handle(async ({ inputs, preview }, context: Context<Store>) => {
    expectTypeOf(inputs).toEqualTypeOf<{ a: number; b?: number | undefined }>();
    expectTypeOf(preview).toEqualTypeOf<boolean>();
    expectTypeOf(context.client).toEqualTypeOf<Store>();
    return { sum: new Secret(inputs.a) };
  });
  // @ts-expect-error the result has another name
  add.handle(async () => ({ total: 1 }));
  // @ts-expect-error the result has another type
  add.handle(async () => ({ sum: "1" }));
});

test("components carry the types of their inputs, outputs and methods", () => {
  const run = { description: "Runs.", inputs: z.object({ force: z.boolean() }), outputs: z.object({ count: z.int() }) };
  const site = defineComponent({
    name: "Site",
    description: "A site.",
    inputs: z.object({ zone: z.string() }),
    outputs: z.object({ url: z.string() }),
    methods: { run },
  });
  type Types = NonNullable<(typeof site)["types"]>;
  expectTypeOf<Types["inputs"]>().toEqualTypeOf<{ zone: string }>();
  expectTypeOf<Types["outputs"]>().toEqualTypeOf<{ url: string }>();
  expectTypeOf<Types["methods"]["run"]["inputs"]>().toEqualTypeOf<{ force: boolean }>();
  expectTypeOf<Types["methods"]["run"]["outputs"]>().toEqualTypeOf<{ count: number }>();
});
