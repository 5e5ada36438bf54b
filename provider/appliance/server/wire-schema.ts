import type * as z from "zod";
import { TASK_PAYLOADS } from "../operations/task-types.ts";
import { AGENT_PROTOCOL, agentMessages } from "./messages.ts";
import { schemaOf } from "./openapi.ts";
import { serverMessages } from "./server-messages.ts";

/**
 * What agents and server say to each other, as JSON Schema (draft 2020-12): made from the schemas by which the server
 * reads and writes, so that an agent in another language is held against the same ones.
 *
 * @example wireSchema().agent.heartbeat // { type: "object", properties: { type: { const: "heartbeat" } }, … }
 */
export function wireSchema() {
  const { alert, script, "self-update": selfUpdate } = TASK_PAYLOADS;
  return {
    protocol: AGENT_PROTOCOL,
    /** By the type of a message. */
    agent: inJsonSchema(agentMessages),
    server: inJsonSchema(serverMessages),
    /** The payload of a task that has one, by its type. */
    tasks: inJsonSchema({ alert, script, "self-update": selfUpdate }),
  };
}

function inJsonSchema(schemas: Readonly<Record<string, z.ZodType>>): Record<string, unknown> {
  // What a sender may leave out is optional, also where it has a default.
  return Object.fromEntries(Object.entries(schemas).map(([type, schema]) => [type, schemaOf(schema, "input")]));
}
