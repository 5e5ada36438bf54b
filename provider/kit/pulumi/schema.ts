import type { ComponentDescriptor, MethodDescriptor } from "../define/component.ts";
import type { FunctionDescriptor } from "../define/function.ts";
import { type PackageInfo, type Provider, type ProviderComponent, tokenOf } from "../define/provider.ts";
import type { Resource } from "../define/resource.ts";
import type { ObjectShape } from "../define/shape.ts";
import {
  compact,
  type FunctionSpec,
  type PackageSchema,
  type PropertySpec,
  type ResourceSpec,
  sorted,
} from "./package-schema.ts";
import { importSection, withExamples } from "./schema-description.ts";
import { languagesOf } from "./schema-languages.ts";
import { requiredOf, SchemaTypes } from "./schema-types.ts";

/**
 * The package schema of a provider: what SDKs, the registry and YAML programs know of it. Two calls give equal
 * objects; nothing in it depends on the order of definitions.
 *
 * The properties of a resource are its outputs and, beside them, its inputs without credentials: that is what the
 * provider answers with.
 *
 * @example writeFileSync("schema.json", JSON.stringify(schemaOf(provider), undefined, 2))
 */
export function schemaOf<Client>(provider: Provider<Client, ProviderComponent>): PackageSchema {
  const { info } = provider;
  const types = new SchemaTypes(info);
  const methods: [string, FunctionSpec][] = [];
  const resources: [string, ResourceSpec][] = [];
  for (const [token, resource] of provider.resources) resources.push([token, resourceSpec(token, resource, types)]);
  for (const [token, { descriptor }] of provider.components) {
    resources.push([token, componentSpec(token, descriptor, types)]);
    for (const method of descriptor.methods)
      methods.push([methodToken(info, descriptor, method), methodSpec(token, method, types)]);
  }
  const functions = [...provider.functions].map(
    ([token, { descriptor }]) => [token, functionSpec(descriptor, types)] as const,
  );
  const variables = types.properties(provider.config, { direction: "input", configuration: true });
  return compact<PackageSchema>({
    name: info.name,
    displayName: info.displayName,
    version: info.version,
    description: info.description,
    keywords: info.keywords,
    homepage: info.homepage,
    license: info.license,
    repository: info.repository,
    publisher: info.publisher,
    logoUrl: info.logoUrl,
    pluginDownloadURL: info.pluginDownloadUrl,
    meta: { moduleFormat: "(.*)" },
    language: languagesOf(info),
    config: provider.config.properties.size === 0 ? undefined : { variables },
    provider: providerSpec(provider.info, provider.config, variables, types),
    types: types.all(),
    resources: sorted(resources),
    functions: sorted([...functions, ...methods]),
  });
}

/** The token of a component's method: `kace:index:Fleet/countHosts`. */
export function methodToken(
  info: PackageInfo,
  component: Pick<ComponentDescriptor, "name">,
  method: Pick<MethodDescriptor, "name">,
): string {
  return `${tokenOf(info, component.name)}/${method.name}`;
}

function providerSpec(
  info: PackageInfo,
  config: ObjectShape,
  variables: Record<string, PropertySpec>,
  types: SchemaTypes,
): ResourceSpec {
  return compact<ResourceSpec>({
    description: `An instance of the ${info.displayName} provider with settings of its own. The default one takes them from the configuration of the stack.`,
    properties: types.properties(config, { direction: "output" }),
    required: requiredOf(config, "output"),
    inputProperties: variables,
    requiredInputs: requiredOf(config, "input"),
    stateInputs: undefined,
    listInputs: undefined,
    aliases: undefined,
    deprecationMessage: undefined,
    isComponent: undefined,
    methods: undefined,
  });
}

function resourceSpec<Client>(
  token: string,
  { descriptor, handlers }: Resource<Client>,
  types: SchemaTypes,
): ResourceSpec {
  const { inputs, outputs, name } = descriptor;
  const description = withExamples(descriptor.description, descriptor.examples);
  return compact<ResourceSpec>({
    description: handlers.read === undefined ? description : `${description}\n\n${importSection(token)}`,
    properties: sorted([
      ...Object.entries(types.properties(inputs, { direction: "output", className: name })),
      ...Object.entries(types.properties(outputs, { direction: "output", className: name })),
    ]),
    required: [...requiredOf(inputs, "output"), ...requiredOf(outputs, "output")].sort(),
    inputProperties: types.properties(inputs, { direction: "input", alwaysReplaces: handlers.update === undefined }),
    requiredInputs: requiredOf(inputs, "input"),
    // What a program may say that only looks an object up; the id alone is enough.
    stateInputs:
      handlers.read === undefined
        ? undefined
        : { type: "object", properties: types.properties(inputs, { direction: "input" }) },
    // There is nothing to filter a listing by; being there says that a listing exists.
    listInputs: handlers.list === undefined ? undefined : { type: "object" },
    aliases: descriptor.aliases.map((type) => ({ type })),
    deprecationMessage: descriptor.deprecation,
    isComponent: undefined,
    methods: undefined,
  });
}

function componentSpec(token: string, descriptor: ComponentDescriptor, types: SchemaTypes): ResourceSpec {
  const { inputs, outputs, name } = descriptor;
  return compact<ResourceSpec>({
    description: withExamples(descriptor.description, descriptor.examples),
    properties: types.properties(outputs, { direction: "output", className: name }),
    required: requiredOf(outputs, "output"),
    inputProperties: types.properties(inputs, { direction: "input" }),
    requiredInputs: requiredOf(inputs, "input"),
    stateInputs: undefined,
    listInputs: undefined,
    aliases: undefined,
    deprecationMessage: descriptor.deprecation,
    isComponent: true,
    methods: sorted(descriptor.methods.map((method) => [method.name, `${token}/${method.name}`] as const)),
  });
}

function functionSpec(descriptor: FunctionDescriptor, types: SchemaTypes): FunctionSpec {
  return compact<FunctionSpec>({
    description: withExamples(descriptor.description, descriptor.examples),
    inputs: descriptor.inputs.properties.size === 0 ? undefined : types.object(descriptor.inputs, "input"),
    outputs: descriptor.outputs.properties.size === 0 ? undefined : types.object(descriptor.outputs, "output"),
    deprecationMessage: descriptor.deprecation,
  });
}

function methodSpec(componentToken: string, method: MethodDescriptor, types: SchemaTypes): FunctionSpec {
  const inputs = types.object(method.inputs, "input");
  return compact<FunctionSpec>({
    description: method.description.trim(),
    inputs: {
      ...inputs,
      properties: sorted([
        ["__self__", { $ref: `#/resources/${componentToken}` }],
        ...Object.entries(inputs.properties ?? {}),
      ]),
      required: ["__self__", ...(inputs.required ?? [])],
    },
    outputs: method.outputs.properties.size === 0 ? undefined : types.object(method.outputs, "output"),
    deprecationMessage: undefined,
  });
}
