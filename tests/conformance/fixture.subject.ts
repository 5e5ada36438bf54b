import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import * as fc from "fast-check";
import { listObjects, readJournal } from "../fixture/backend.ts";
import { BEHAVIOURS, type Behaviour } from "../fixture/behaviours.ts";
import {
  archive,
  asset,
  distinctText,
  type Mutation,
  type Operation,
  type ResourceGenerator,
  reference,
} from "./generators.ts";
import type { SubjectOptions } from "./subject.ts";
import type { Json, JsonMap } from "./wire.ts";

/** The fixture provider with a world of its own. */
export async function fixtureSubject(): Promise<SubjectOptions> {
  const folder = await mkdtemp(join(tmpdir(), "fixture-world-"));
  return {
    name: "fixture",
    command: [fileURLToPath(new URL("../fixture/bin/pulumi-resource-fixture", import.meta.url))],
    env: { FIXTURE_BACKEND: folder, FIXTURE_REGION: "north", FIXTURE_GRACE_MS: "500" },
    config: { owner: "conformance" },
    dispose: () => rm(folder, { recursive: true, force: true }),
    generators: GENERATORS,
    sideEffects: {
      count: async () => (await readJournal(folder)).filter(({ kind }) => kind !== "read").length,
      objects: () => listObjects(folder),
    },
  };
}

function set(name: string, value: Json): (inputs: JsonMap) => JsonMap {
  return (inputs) => ({ ...inputs, [name]: value });
}

const endpoint = fc.record(
  {
    host: distinctText(),
    port: fc.integer({ min: 1, max: 65_535 }),
    password: distinctText(),
    headers: fc.dictionary(fc.constantFrom("accept", "x.y/z"), distinctText(), { noNullPrototype: true }),
  },
  { requiredKeys: ["host"], noNullPrototype: true },
);
const login = fc.oneof(
  fc.record(
    { method: fc.constant("password"), username: distinctText(), password: distinctText() },
    { noNullPrototype: true },
  ),
  fc.record(
    { method: fc.constant("certificate"), fingerprint: distinctText(), depth: fc.nat(9) },
    { requiredKeys: ["method", "fingerprint"], noNullPrototype: true },
  ),
);

/** Keys of maps: usual ones, such as need quotes in a path, and such as can be told apart. */
const key = fc.oneof(fc.constantFrom("one", "two", "a.b/c"), distinctText());

const thing = fc.record(
  {
    name: distinctText(),
    text: distinctText(),
    count: fc.integer({ min: 0, max: 1000 }),
    ratio: fc.constantFrom(0, 0.25, 1),
    enabled: fc.boolean(),
    comment: fc.oneof(distinctText(), fc.constant(null)),
    size: fc.constantFrom("small", "medium", "large"),
    level: fc.constantFrom(1, 2, 3),
    zone: distinctText(),
    tags: fc.dictionary(key, distinctText(), { noNullPrototype: true }),
    labels: fc.array(distinctText(), { maxLength: 3 }),
    ports: fc.array(fc.integer({ min: 1, max: 65_535 }), { maxLength: 3 }),
    endpoint,
    mirrors: fc.array(endpoint, { maxLength: 2 }),
    login,
    budget: fc.oneof(
      fc.nat(50),
      fc.nat(100).map((share) => `${share}%`),
    ),
    patience: fc.constantFrom("500ms", "2s", "1.5h"),
    secret: distinctText(),
    secrets: fc.dictionary(key, distinctText(), { noNullPrototype: true }),
    document: distinctText().map(asset),
    bundle: distinctText().map((text) => archive({ "a.txt": text, "b/c.txt": "same" })),
    certificate: distinctText(),
    friend: fc.constantFrom(reference("fixture:index:Note", "note-1"), reference("fixture:index:Note", "note-2")),
    friends: fc.array(
      fc.constantFrom(reference("fixture:index:Note", "note-1"), reference("fixture:index:Note", "note-2")),
      { maxLength: 2 },
    ),
    color: distinctText(),
    extra: fc.oneof(distinctText(), fc.nat(), fc.constant({ deep: [1, "two", { three: true }] })),
  },
  { requiredKeys: [], noNullPrototype: true },
);

const thingMutations: readonly Mutation[] = [
  {
    name: "a new order of a set",
    apply: (inputs) =>
      Array.isArray(inputs["labels"]) ? { ...inputs, labels: inputs["labels"].toReversed() } : inputs,
    expect: "none",
  },
  { name: "another zone", apply: set("zone", "elsewhere"), expect: "replace", path: "zone" },
  {
    name: "another password in an endpoint",
    apply: set("endpoint", { host: "h", password: "another-password" }),
    expect: "update",
  },
  {
    name: "a text under an odd key",
    apply: (inputs) => ({ ...inputs, tags: { ...(inputs["tags"] as JsonMap | undefined), "odd key": "1" } }),
    expect: "update",
  },
  {
    name: "the older name of a property",
    apply: ({ color: _, ...inputs }) => ({ ...inputs, colour: "mauve" }),
    expect: "update",
    path: "color",
  },
];

/** Inputs of `Faulty` under which an operation goes as told. */
function told(behaviour: Behaviour, during: Operation) {
  return { operation: during, apply: (inputs: JsonMap) => ({ ...inputs, behaviour, during }) };
}

const OPERATIONS: readonly Operation[] = ["create", "read", "update", "delete"];
/** Each of these ends by itself, if only because the provider ends it. */
const FAULTS: readonly Behaviour[] = [
  "throw",
  "reject",
  "throwLater",
  "emitLater",
  "existsThenThrow",
  "existsThenWait",
  "rubbish",
  "incomplete",
  "undeclared",
];

const GENERATORS: Readonly<Record<string, ResourceGenerator>> = {
  "fixture:index:Thing": { inputs: thing, mutations: thingMutations },
  "fixture:index:Note": { inputs: fc.record({ text: distinctText() }, { noNullPrototype: true }) },
  "fixture:index:Account": {
    inputs: fc.record(
      {
        username: distinctText(),
        password: distinctText(),
        displayName: distinctText(),
        contact: fc.record(
          { mail: distinctText(), apiKey: distinctText() },
          { requiredKeys: ["mail"], noNullPrototype: true },
        ),
      },
      { requiredKeys: ["username", "password"], noNullPrototype: true },
    ),
    mutations: [
      { name: "another password", apply: set("password", "another-password"), expect: "update", path: "password" },
    ],
  },
  "fixture:index:Exclusive": {
    inputs: fc.record(
      { slot: distinctText(), content: distinctText() },
      { requiredKeys: ["slot"], noNullPrototype: true },
    ),
    mutations: [
      { name: "another content", apply: set("content", "something else"), expect: "replace", path: "content" },
    ],
  },
  "fixture:index:Watched": {
    inputs: fc.record(
      { members: fc.uniqueArray(distinctText(), { maxLength: 4 }), strict: fc.boolean() },
      { requiredKeys: ["members"], noNullPrototype: true },
    ),
  },
  "fixture:index:Ledger": {
    inputs: fc.record(
      { name: distinctText(), amountCents: fc.integer({ min: -10_000, max: 10_000 }) },
      { requiredKeys: ["name"], noNullPrototype: true },
    ),
  },
  "fixture:index:Faulty": {
    inputs: fc.record(
      { amount: fc.integer({ min: -100, max: 100 }), secret: distinctText() },
      { requiredKeys: [], noNullPrototype: true },
    ),
    lingering: [
      ...OPERATIONS.flatMap((operation) => [told("wait", operation), told("hang", operation)]),
      told("existsThenWait", "create"),
      told("existsThenHang", "create"),
      told("existsThenWait", "update"),
    ],
    crashing: [told("crash", "create"), told("crash", "update"), told("crash", "delete")],
    faults: FAULTS.flatMap((behaviour) =>
      OPERATIONS.map((operation) => ({
        name: `${behaviour} in ${operation}: ${BEHAVIOURS[behaviour]}`,
        ...told(behaviour, operation),
      })),
    ),
  },
};
