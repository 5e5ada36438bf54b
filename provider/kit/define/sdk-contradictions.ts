import type { Contradiction } from "./compile.ts";
import type { Side } from "./contradictions.ts";
import type { PackageContents } from "./package.ts";
import type { ObjectShape, Shape } from "./shape.ts";
import { eachShape } from "./shape.ts";
import { typesOf } from "./types.ts";

/** One side of one descriptor. */
interface Root {
  readonly at: string;
  readonly side: Side;
  readonly shape: ObjectShape;
}

/** Names that members of every class have already, in one language or the other: Go's outputs have `ApplyT`. */
const TAKEN_MEMBERS: ReadonlySet<string> = new Set([...Object.getOwnPropertyNames(Object.prototype), "applyT"]);
/** Names that classes of resources have already: `Thing.get()` in every SDK, `getProvider` in the one for TypeScript. */
const TAKEN_RESOURCE_MEMBERS: ReadonlySet<string> = new Set(["get", "getProvider", "opts"]);
/** SDKs for Python give each argument of a function a parameter of its own, beside this one. */
const TAKEN_PARAMETERS: ReadonlySet<string> = new Set(["opts"]);
/** The SDK for TypeScript makes each configuration key a variable, and these words cannot name one. */
const JAVASCRIPT_WORDS: ReadonlySet<string> = new Set(
  (
    "arguments await break case catch class const continue debugger default delete do else enum eval export extends " +
    "false finally for function if implements import in instanceof interface let new null package private protected " +
    "public return static super switch this throw true try typeof var void while with yield"
  ).split(" "),
);
/** What the SDK for Go makes of a function's name for itself. */
const FUNCTION_TYPES = ["Args", "Result", "Output"] as const;

/**
 * Everything in a provider that its own wire could carry but one of the SDK languages cannot: found by running the
 * official generators and compiling what they wrote.
 */
export function sdkContradictions(provider: PackageContents): Contradiction[] {
  const roots = rootsOf(provider);
  const found: Contradiction[] = [];
  for (const root of roots) {
    eachProperty(root, (name, property, at, nested) => {
      for (const problem of propertyProblems(name, property, root.side, nested)) found.push({ at, problem });
    });
    found.push(...endlessObjects(root));
  }
  found.push(...referenceProblems(provider, roots), ...typeNameProblems(provider));
  return found;
}

function rootsOf(provider: PackageContents): Root[] {
  const roots: Root[] = [{ at: "config", side: "config", shape: provider.config }];
  for (const { descriptor } of provider.resources.values()) {
    roots.push({ at: `${descriptor.name}.inputs`, side: "inputs", shape: descriptor.inputs });
    roots.push({ at: `${descriptor.name}.outputs`, side: "outputs", shape: descriptor.outputs });
  }
  for (const { descriptor } of provider.components.values()) {
    roots.push({ at: `${descriptor.name}.inputs`, side: "component", shape: descriptor.inputs });
    roots.push({ at: `${descriptor.name}.outputs`, side: "outputs", shape: descriptor.outputs });
    for (const method of descriptor.methods) {
      roots.push({ at: `${descriptor.name}.${method.name}.inputs`, side: "arguments", shape: method.inputs });
      roots.push({ at: `${descriptor.name}.${method.name}.outputs`, side: "result", shape: method.outputs });
    }
  }
  for (const { descriptor } of provider.functions.values()) {
    roots.push({ at: `${descriptor.name}.inputs`, side: "arguments", shape: descriptor.inputs });
    roots.push({ at: `${descriptor.name}.outputs`, side: "result", shape: descriptor.outputs });
  }
  return roots;
}

type VisitProperty = (name: string, property: Shape, at: string, nested: boolean) => void;

function eachProperty(root: Root, visit: VisitProperty): void {
  const seen = new Set<ObjectShape["properties"]>();
  const walk = (shape: ObjectShape, place: string, nested: boolean) => {
    if (seen.has(shape.properties)) return;
    seen.add(shape.properties);
    for (const [name, property] of shape.properties) {
      const at = `${place}.${name}`;
      visit(name, property, at, nested);
      eachObject(property, (inner) => walk(inner, at, true));
    }
  };
  walk(root.shape, root.at, false);
}

/** The objects in a shape, without those in their properties. */
function eachObject(shape: Shape, visit: (shape: ObjectShape) => void): void {
  if (shape.kind === "object") visit(shape);
  else if (shape.kind === "array") eachObject(shape.items, visit);
  else if (shape.kind === "map") eachObject(shape.values, visit);
  else if (shape.kind === "union") for (const option of shape.options) eachObject(option, visit);
}

function propertyProblems(name: string, property: Shape, side: Side, nested: boolean): string[] {
  const problems: string[] = [];
  const names = [name, ...(property.meta.aliases ?? [])];
  if (names.some((each) => isTaken(each, side, nested))) problems.push("the name means something else in an SDK");
  if (side !== "outputs" && side !== "result" && property.nullable && !property.optional) {
    problems.push("no typed SDK can give null where a value is required; make it `.nullish()`");
  }
  eachPart(property, (part) => {
    if (part.kind === "enum" && part.values.length > 1 && typeof part.values[0] === "boolean") {
      problems.push("an enum of true and false is `z.boolean()`");
    }
    if (side === "config" && (part.kind === "asset" || part.kind === "archive" || part.kind === "reference")) {
      problems.push("configuration is text and can hold no asset, archive or resource");
    }
  });
  return problems;
}

function isTaken(name: string, side: Side, nested: boolean): boolean {
  if (TAKEN_MEMBERS.has(name)) return true;
  if (nested) return false;
  switch (side) {
    case "inputs":
    case "outputs":
    case "component":
      return TAKEN_RESOURCE_MEMBERS.has(name);
    case "config":
      return TAKEN_RESOURCE_MEMBERS.has(name) || JAVASCRIPT_WORDS.has(name);
    case "arguments":
      return TAKEN_PARAMETERS.has(name);
    case "result":
      return false;
    default:
      return side satisfies never;
  }
}

function eachPart(shape: Shape, visit: (part: Shape) => void): void {
  visit(shape);
  if (shape.kind === "array") eachPart(shape.items, visit);
  else if (shape.kind === "map") eachPart(shape.values, visit);
  else if (shape.kind === "union") for (const option of shape.options) eachPart(option, visit);
}

/** Objects that need one more of themselves inside, for ever. */
function endlessObjects(root: Root): Contradiction[] {
  const found: Contradiction[] = [];
  const finished = new Set<ObjectShape["properties"]>();
  const follow = (shape: ObjectShape, at: string, above: ReadonlySet<ObjectShape["properties"]>) => {
    if (above.has(shape.properties)) {
      found.push({
        at,
        problem: "the object would have to hold itself without end; make a property on the way optional",
      });
    }
    if (above.has(shape.properties) || finished.has(shape.properties)) return;
    const inner = new Set(above).add(shape.properties);
    for (const [name, property] of shape.properties) {
      if (property.kind === "object" && !property.optional && !property.nullable)
        follow(property, `${at}.${name}`, inner);
    }
    finished.add(shape.properties);
  };
  follow(root.shape, root.at, new Set());
  eachProperty(root, (_name, property, at) => eachObject(property, (object) => follow(object, at, new Set())));
  return found;
}

/** References to what is not there, and circles of references, which the SDK for TypeScript cannot compile. */
function referenceProblems(provider: PackageContents, roots: readonly Root[]): Contradiction[] {
  const found: Contradiction[] = [];
  const names = new Set<string>();
  for (const { descriptor } of [...provider.resources.values(), ...provider.components.values()])
    names.add(descriptor.name);
  const targets = new Map<string, Set<string>>();
  for (const { at, side, shape } of roots) {
    eachShape(shape, (part) => {
      if (part.kind !== "reference") return;
      if (!names.has(part.resource)) found.push({ at, problem: `there is no resource "${part.resource}" to refer to` });
      else if (side === "inputs" || side === "outputs" || side === "component") {
        const owner = at.slice(0, at.indexOf("."));
        targets.set(owner, (targets.get(owner) ?? new Set()).add(part.resource));
      }
    });
  }
  for (const name of targets.keys()) {
    const circle = circleFrom(name, targets);
    if (circle === undefined || circle.some((other) => other < name)) continue; // told once, at the first of its names
    found.push({
      at: name,
      problem: `the references ${[...circle, name].join(" -> ")} make a circle, with which the SDK for TypeScript does not compile; take an id as a string instead`,
    });
  }
  return found;
}

/** The shortest way along references that leads back to its start. */
function circleFrom(start: string, targets: ReadonlyMap<string, ReadonlySet<string>>): string[] | undefined {
  const queue: string[][] = [[start]];
  const seen = new Set<string>();
  for (let way = queue.shift(); way !== undefined; way = queue.shift()) {
    for (const next of targets.get(way.at(-1) ?? start) ?? []) {
      if (next === start) return way;
      if (seen.has(next)) continue;
      seen.add(next);
      queue.push([...way, next]);
    }
  }
  return undefined;
}

function typeNameProblems(provider: PackageContents): Contradiction[] {
  const makers: string[] = [];
  for (const { descriptor } of provider.functions.values()) makers.push(descriptor.name);
  for (const { descriptor } of provider.components.values()) {
    for (const method of descriptor.methods) makers.push(`${descriptor.name}${pascal(method.name)}`);
  }
  const made = new Set(makers.flatMap((maker) => FUNCTION_TYPES.map((ending) => pascal(maker) + ending)));
  const found: Contradiction[] = [];
  for (const name of typesOf(provider).keys()) {
    if (made.has(name))
      found.push({
        at: name,
        problem: "the SDK for Go gives this name to a type of a function; give the type another `typeName`",
      });
  }
  return found;
}

function pascal(name: string): string {
  return name.slice(0, 1).toUpperCase() + name.slice(1);
}
