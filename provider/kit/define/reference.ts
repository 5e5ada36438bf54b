import type { Example } from "./call.ts";
import type { ComponentDescriptor, MethodDescriptor } from "./component.ts";
import { DEFAULT_FUNCTION_TIMEOUT, DEFAULT_TIMEOUTS } from "./default-timeouts.ts";
import type { FunctionDescriptor } from "./function.ts";
import { code } from "./property-notes.ts";
import { type PackageInfo, type Provider, type ProviderComponent, tokenOf } from "./provider.ts";
import { inputTable, type LinkTo, outputTable, paragraphs, table, typeSections } from "./reference-tables.ts";
import type { Operation, Resource } from "./resource.ts";
import type { ObjectShape } from "./shape.ts";

const MARKER = "<!-- Generated from the descriptors of the provider: edit those, not this page. -->";

/**
 * The reference documentation of a provider: a page for each resource, component and function, one for the
 * configuration and an index, by path below the folder of the reference.
 *
 * @example for (const [path, page] of referenceOf(provider)) writeFileSync(join("docs/reference", path), page)
 */
export function referenceOf<Client>(provider: Provider<Client, ProviderComponent>): Map<string, string> {
  const { info } = provider;
  const folders = new Map<string, string>();
  for (const { descriptor } of provider.resources.values()) folders.set(descriptor.name, "resources");
  for (const { descriptor } of provider.components.values()) folders.set(descriptor.name, "components");
  const linkTo: LinkTo = (name) => (folders.has(name) ? `../${folders.get(name)}/${name}.md` : undefined);

  const pages = new Map<string, string>();
  const add = (path: string, content: string) => pages.set(path, `${MARKER}\n\n${content}\n`);
  add("index.md", indexPage(provider));
  add("configuration.md", configurationPage(info, provider.config, linkTo));
  for (const resource of provider.resources.values()) {
    add(`resources/${resource.descriptor.name}.md`, resourcePage(info, resource, linkTo));
  }
  for (const { descriptor } of provider.components.values()) {
    add(`components/${descriptor.name}.md`, componentPage(info, descriptor, linkTo));
  }
  for (const { descriptor } of provider.functions.values()) {
    add(`functions/${descriptor.name}.md`, functionPage(info, descriptor, linkTo));
  }
  return pages;
}

function indexPage<Client>({ info, resources, components, functions }: Provider<Client, ProviderComponent>): string {
  const list = (title: string, folder: string, entries: Iterable<{ readonly descriptor: Listed }>) => {
    const rows = [...entries].map(({ descriptor }) => [
      `[${descriptor.name}](${folder}/${descriptor.name}.md)`,
      summary(descriptor),
    ]);
    return rows.length === 0 ? undefined : paragraphs(`## ${title}`, table(["Name", "What it is"], rows));
  };
  return paragraphs(
    `# ${info.displayName} reference`,
    info.description,
    "Settings of the provider itself: [configuration](configuration.md).",
    list("Resources", "resources", resources.values()),
    list("Components", "components", components.values()),
    list("Functions", "functions", functions.values()),
    packages(info),
  );
}

type Listed = Pick<FunctionDescriptor, "name" | "description" | "deprecation">;

/** The first sentence of a description. */
function summary({ description, deprecation }: Listed): string {
  const paragraph = description.trim().split(/\r?\n\s*\r?\n/)[0] ?? "";
  const sentence = /^.*?[.!?](?=\s|$)/s.exec(paragraph)?.[0] ?? paragraph;
  return `${sentence.replaceAll(/\s+/g, " ")}${deprecation === undefined ? "" : " *Deprecated.*"}`;
}

function packages({ sdks = {} }: PackageInfo): string | undefined {
  const rows = [
    ["TypeScript, JavaScript", sdks.nodejs],
    ["Python", sdks.python],
    ["Go", sdks.go],
    ["C#", sdks.dotnet],
    ["Java", sdks.java],
  ].flatMap(([language, name]) => (language === undefined || name === undefined ? [] : [[language, code(name)]]));
  return rows.length === 0 ? undefined : paragraphs("## Packages", table(["Language", "Package"], rows));
}

function configurationPage(info: PackageInfo, config: ObjectShape, linkTo: LinkTo): string {
  const title = `# Configuration of ${info.displayName}`;
  const [first] = config.properties;
  if (first === undefined) return paragraphs(title, "There is nothing to configure.");
  const secret = [...config.properties].find(([, { meta }]) => meta.secret === true);
  const commands = [`pulumi config set ${info.name}:${first[0]} <value>`];
  if (secret !== undefined) commands.push(`pulumi config set --secret ${info.name}:${secret[0]} <value>`);
  return paragraphs(
    title,
    "These are settings of a stack; an explicit provider instance takes the same ones as its arguments.",
    fenced("sh", commands.join("\n")),
    inputTable(config, linkTo),
    typesOf([config], [], linkTo),
  );
}

function resourcePage<Client>(info: PackageInfo, { descriptor, handlers }: Resource<Client>, linkTo: LinkTo): string {
  const { name, inputs, outputs } = descriptor;
  const token = tokenOf(info, name);
  const noUpdate =
    handlers.update === undefined
      ? "A change of any input that is no credential makes a new object in place of the old one."
      : undefined;
  return paragraphs(
    opening(name, token, descriptor),
    examples(descriptor.examples),
    "## Inputs",
    inputs.properties.size === 0 ? "It takes none." : inputTable(inputs, linkTo),
    noUpdate,
    "## Outputs",
    "The inputs are outputs too, without their credentials.",
    outputs.properties.size === 0 ? undefined : outputTable(outputs, linkTo),
    typesOf([inputs], [outputs], linkTo),
    "## Time-outs",
    "For each operation, unless the resource option `customTimeouts` says otherwise:",
    timeouts(descriptor.timeouts, handlers),
    "## Behaviour",
    behaviour(token, descriptor, handlers),
  );
}

function timeouts(
  declared: Resource<never>["descriptor"]["timeouts"],
  handlers: Partial<Record<Operation, unknown>>,
): string {
  const operations: readonly Operation[] = ["create", "read", "update", "delete"];
  const rows = operations.flatMap((operation) => {
    if (handlers[operation] === undefined) return [];
    const limit = declared[operation] ?? DEFAULT_TIMEOUTS[operation];
    return [[operation, limit === "none" ? "as long as it needs" : limit]];
  });
  return table(["Operation", "Limit"], rows);
}

function behaviour<Client>(
  token: string,
  descriptor: Resource<Client>["descriptor"],
  handlers: Resource<Client>["handlers"],
): string {
  const notes: string[] = [];
  if (descriptor.deleteBeforeReplace) notes.push("A replacement deletes the old object before it makes the new one.");
  if (descriptor.refreshBeforeUpdate) notes.push("The object is read anew before every preview and update.");
  if (descriptor.hasDrift) {
    notes.push(
      "An object that is recorded as not as desired is updated by the next `pulumi up`, although no input changed.",
    );
  }
  if (descriptor.stableOutputs.length > 0)
    notes.push(`No update changes ${descriptor.stableOutputs.map(code).join(", ")}.`);
  if (descriptor.aliases.length > 0) notes.push(`Older type tokens: ${descriptor.aliases.map(code).join(", ")}.`);
  if (handlers.list !== undefined) notes.push("The objects there are can be listed.");
  if (handlers.read === undefined) notes.push("It cannot be imported, and a refresh leaves it as it is recorded.");
  else notes.push("`pulumi refresh` reads it. An object that exists already is imported by its id:");
  const list = notes.map((note) => `- ${note}`).join("\n");
  return paragraphs(list, handlers.read === undefined ? undefined : fenced("sh", `pulumi import ${token} <name> <id>`));
}

function functionPage(info: PackageInfo, descriptor: FunctionDescriptor, linkTo: LinkTo): string {
  const { name, inputs, outputs } = descriptor;
  const limit = descriptor.timeout ?? DEFAULT_FUNCTION_TIMEOUT;
  return paragraphs(
    opening(name, tokenOf(info, name), descriptor),
    `It reads and never writes. It may take ${limit === "none" ? "as long as it needs" : limit}.`,
    examples(descriptor.examples),
    "## Arguments",
    inputs.properties.size === 0 ? "It takes none." : inputTable(inputs, linkTo),
    "## Result",
    outputs.properties.size === 0 ? "It returns nothing." : outputTable(outputs, linkTo),
    typesOf([inputs], [outputs], linkTo),
  );
}

function componentPage(info: PackageInfo, descriptor: ComponentDescriptor, linkTo: LinkTo): string {
  const { name, inputs, outputs, methods } = descriptor;
  return paragraphs(
    opening(name, tokenOf(info, name), descriptor),
    "It is a component: a resource that is made of other resources.",
    examples(descriptor.examples),
    "## Inputs",
    inputs.properties.size === 0 ? "It takes none." : inputTable(inputs, linkTo),
    "## Outputs",
    outputs.properties.size === 0 ? "It has none." : outputTable(outputs, linkTo),
    methods.length === 0 ? undefined : "## Methods",
    ...methods.map((method) => methodSection(method, linkTo)),
    typesOf(
      [inputs, ...methods.map((method) => method.inputs)],
      [outputs, ...methods.map((method) => method.outputs)],
      linkTo,
    ),
  );
}

function methodSection({ name, description, inputs, outputs }: MethodDescriptor, linkTo: LinkTo): string {
  return paragraphs(
    `### ${name}()`,
    description,
    inputs.properties.size === 0 ? "It takes no arguments." : inputTable(inputs, linkTo),
    outputs.properties.size === 0 ? "It returns nothing." : "It returns:",
    outputs.properties.size === 0 ? undefined : outputTable(outputs, linkTo),
  );
}

function opening(name: string, token: string, { description, deprecation }: Omit<Listed, "name">): string {
  return paragraphs(
    `# ${name}`,
    deprecation === undefined ? undefined : `> **Deprecated:** ${deprecation}`,
    description,
    `Type token: ${code(token)}`,
  );
}

function typesOf(given: readonly ObjectShape[], returned: readonly ObjectShape[], linkTo: LinkTo): string | undefined {
  const sections = typeSections(given, returned, linkTo);
  return sections.length === 0 ? undefined : paragraphs("## Types", ...sections);
}

function examples(list: readonly Example[]): string | undefined {
  if (list.length === 0) return undefined;
  const programs = [
    ["TypeScript", "typescript"],
    ["Python", "python"],
    ["Go", "go"],
    ["YAML", "yaml"],
  ] as const;
  const section = (example: Example) =>
    paragraphs(
      `### ${example.title}`,
      example.description,
      ...programs.map(([language, key]) => {
        const program = example[key];
        return program === undefined ? undefined : paragraphs(`**${language}**`, fenced(key, program));
      }),
    );
  return paragraphs("## Examples", ...list.map(section));
}

/** A code block whose fence is longer than any run of backticks in it. */
function fenced(language: string, text: string): string {
  const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = "`".repeat(longest + 1);
  return `${fence}${language}\n${text.trim()}\n${fence}`;
}
