import * as z from "zod";
import { applianceErrorCode } from "../errors.ts";
import {
  API_VERSION,
  API_VERSION_HEADER,
  ERROR_STATUS,
  errorBody,
  METRICS_PATH,
  operationPath,
  PACKAGE_SIZE_HEADER,
  PRODUCT_VERSION,
  packagePath,
} from "../http.ts";
import { type Operation, roleOf } from "../operations/operation.ts";
import { operationNames, operations } from "../operations/table.ts";
import { type Guarded, METRICS_ACCESS, PACKAGE_ACCESS } from "./authorization.ts";

const statuses = [...new Set<number>(Object.values(ERROR_STATUS))].sort((one, other) => one - other);

/** What every call may be answered instead, by status: nothing else, so that tests can see what is not as described. */
const errorAnswers = Object.fromEntries(
  statuses.map((status) => [status, { $ref: `#/components/responses/${status}` }]),
);

function errorAnswer(status: number) {
  const codes = applianceErrorCode.options.filter((code) => ERROR_STATUS[code] === status);
  return {
    description: `An error, \`${codes.join("` or `")}\`: its code, one sentence, and what to do about it.`,
    content: { "application/json": { schema: { $ref: "#/components/schemas/Error" } } },
    ...(codes.includes("too-many-requests") && {
      headers: { "retry-after": { description: "In how many seconds to ask again.", schema: { type: "integer" } } },
    }),
  };
}

const bytes = { "application/octet-stream": { schema: { type: "string", format: "binary" } } };

/**
 * The description of the API (OpenAPI 3.1), made from the same table that the server answers by.
 * @see https://spec.openapis.org/oas/v3.1.0
 */
export function openApiDocument() {
  const paths = Object.fromEntries(
    operationNames.map((name) => [operationPath(name), { post: describe(operations[name]) }]),
  );
  return {
    openapi: "3.1.0",
    info: {
      title: "pulumi-kace appliance",
      version: PRODUCT_VERSION,
      description: `Version ${API_VERSION} of the API. A client may say its version in the header \`${API_VERSION_HEADER}\`.`,
    },
    security: [{ apiToken: [] }],
    paths: { ...paths, [packagePath("{sha256}")]: packageContent, [METRICS_PATH]: metrics },
    components: {
      securitySchemes: { apiToken: { type: "http", scheme: "bearer" } },
      schemas: { Error: schemaOf(errorBody, "output") },
      responses: Object.fromEntries(statuses.map((status) => [status, errorAnswer(status)])),
    },
  };
}

function describe(operation: Operation) {
  return {
    operationId: operation.name,
    description: operation.description,
    ...accessOf(operation),
    ...(operation.secretOutput === undefined ? {} : { "x-secret-output": operation.secretOutput }),
    requestBody: {
      required: true,
      content: { "application/json": { schema: schemaOf(operation.input, "input") } },
    },
    responses: {
      200: {
        description: "Done.",
        content: { "application/json": { schema: schemaOf(operation.output, "output") } },
      },
      ...errorAnswers,
    },
  };
}

/** Who may ask for it: the least role, and whether an API token of one organization may. */
function accessOf(operation: Guarded) {
  return {
    "x-access": operation.access,
    "x-role": roleOf(operation),
    "x-reach": operation.reach ?? "organization",
  };
}

const packageContent = {
  parameters: [{ name: "sha256", in: "path", required: true, schema: { type: "string", pattern: "^[0-9a-f]{64}$" } }],
  get: {
    operationId: "openPackage",
    ...accessOf(PACKAGE_ACCESS.get),
    description: "The content of a package.",
    responses: { 200: { description: "The bytes.", content: bytes }, ...errorAnswers },
  },
  put: {
    operationId: "putPackage",
    ...accessOf(PACKAGE_ACCESS.put),
    description: "Keeps the content of a package, if it has the size and hash that are said.",
    parameters: [
      {
        name: PACKAGE_SIZE_HEADER,
        in: "header",
        description:
          "How many bytes the package has, where the length of the body does not say it: of one that is sent in chunks, or of one without a body, which says that the server is known to have the package.",
        schema: { type: "integer", minimum: 0 },
      },
    ],
    requestBody: { required: true, content: bytes },
    responses: { 204: { description: "It is there." }, ...errorAnswers },
  },
};

const metrics = {
  get: {
    operationId: METRICS_ACCESS.name,
    ...accessOf(METRICS_ACCESS),
    description: "The numbers of the server, for Prometheus.",
    responses: {
      200: {
        description: "The text format, version 0.0.4.",
        content: { "text/plain": { schema: { type: "string" } } },
      },
      ...errorAnswers,
    },
  },
};

/** Control characters in the words of JSON Schema's own dialect of patterns, which not every reader of it has classes in. */
const CONTROL_CHARACTERS = "\\u0000-\\u001f\\u007f-\\u009f";

/** The JSON Schema of what is said to an operation, or by it. @throws Error for what has none */
export function schemaOf(schema: z.ZodType, io: "input" | "output") {
  const override: NonNullable<Parameters<typeof z.toJSONSchema>[1]>["override"] = ({ jsonSchema }) => {
    if (jsonSchema.pattern !== undefined) {
      // A class of what is none of them stands for itself, one of what is stands within another.
      jsonSchema.pattern = jsonSchema.pattern
        .replaceAll("\\P{Cc}", `[^${CONTROL_CHARACTERS}]`)
        .replaceAll("\\p{Cc}", CONTROL_CHARACTERS);
    }
  };
  const { $schema: _dialect, ...rest } = z.toJSONSchema(schema, {
    io,
    override,
    // A check of our own says by its metadata what it is in JSON Schema.
    unrepresentable: ({ zodSchema }) => (zodSchema instanceof z.ZodCustom ? "any" : "throw"),
  });
  return rest;
}
