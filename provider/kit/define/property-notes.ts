import type { Autoname } from "./meta.ts";
import type { Shape } from "./shape.ts";

/** Something to know of a property beside its type and description, as one sentence of Markdown. */
export interface PropertyNote {
  readonly about:
    | "form"
    | "default"
    | "environment"
    | "autoname"
    | "replaces"
    | "secret"
    | "credential"
    | "hash"
    | "set"
    | "deprecation"
    | "aliases"
    | "examples";
  readonly text: string;
}

/**
 * What the descriptor says of a property, in words for its users.
 *
 * @example notesOf(shape).map((note) => note.text) // ["Taken from `NOTE_DIR` where it is not given."]
 */
export function notesOf(shape: Shape): PropertyNote[] {
  const { meta, defaultValue } = shape;
  const notes: PropertyNote[] = [];
  const note = (about: PropertyNote["about"], text: string) => notes.push({ about, text });
  if (meta.deprecation !== undefined) note("deprecation", `Deprecated: ${meta.deprecation}`);
  for (const form of formsOf(shape)) note("form", `The text is ${form}.`);
  if (defaultValue !== undefined) note("default", `Default: ${code(JSON.stringify(defaultValue))}.`);
  if (meta.environment !== undefined)
    note("environment", `Taken from ${meta.environment.map(code).join(" or ")} where it is not given.`);
  if (meta.autoname !== undefined) note("autoname", autonameNote(meta.autoname));
  if (meta.replaces === true) note("replaces", "A change replaces the object.");
  if (meta.secret === true) note("secret", "Secret: encrypted in the state and never shown.");
  if (meta.credential === true) note("credential", "Credential: it is no output, and a change alone redoes no work.");
  if (meta.hash === true) note("hash", "Compared by its content.");
  if (meta.set === true) note("set", "Order and repetitions mean nothing.");
  if (meta.aliases !== undefined) note("aliases", `Older names: ${meta.aliases.map(code).join(", ")}.`);
  if (meta.examples !== undefined)
    note("examples", `Examples: ${meta.examples.map((example) => code(JSON.stringify(example))).join(", ")}.`);
  return notes;
}

/** The forms of texts, such as durations, whose type is no more than a string. */
function formsOf(shape: Shape): string[] {
  if (shape.kind === "union") return shape.options.flatMap(formsOf);
  if (shape.kind === "array") return formsOf(shape.items);
  return shape.meta.special?.kind === "text" ? [shape.meta.special.expected] : [];
}

function autonameNote({ randomLength = 7, maxLength }: Autoname): string {
  const random = randomLength === 0 ? "" : ` and ${randomLength} random characters`;
  const limit = maxLength === undefined ? "" : `, ${maxLength} characters at most`;
  return `Left out, it is made from the resource's name${random}${limit}.`;
}

/** Text as a Markdown code span, whatever backticks are in it. */
export function code(text: string): string {
  const longest = Math.max(0, ...[...text.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = "`".repeat(longest + 1);
  return longest === 0 ? `\`${text}\`` : `${fence} ${text} ${fence}`;
}
