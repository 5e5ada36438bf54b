import * as grpc from "@grpc/grpc-js";
import * as fc from "fast-check";
import { type Answer, describe } from "./answer.ts";
import * as calls from "./calls.ts";
import type { Operation } from "./generators.ts";
import { demand, inCase, type Law } from "./law.ts";
import type { Plugin } from "./plugin.ts";
import { demandNoOrphan, must, type Recorded, ResourceInProgram } from "./program.ts";
import type { Subject, SubjectResource } from "./subject.ts";
import type { JsonMap } from "./wire.ts";

/** An operation that is about to run, on an object of its own. */
export interface Prepared {
  readonly where: string;
  readonly operation: Operation;
  readonly object: ResourceInProgram;
  readonly inputs: JsonMap;
  /** Absent before a create. */
  readonly recorded: Recorded | undefined;
}

/** A prepared operation and its answer, which may be that there is none. */
export interface Finished {
  readonly prepared: Prepared;
  readonly answer: PromiseSettledResult<Answer<unknown>>;
}

/** One ordinary create of each resource. Resources whose guessed inputs are refused are left out. */
export async function prepareCreates(subject: Subject, plugin: Plugin): Promise<Prepared[]> {
  const all: Prepared[] = [];
  for (const resource of subject.resources) {
    const prepared = await prepare(plugin, resource, "create", (inputs) => inputs);
    if (prepared !== undefined) all.push(prepared);
  }
  return all;
}

/** Every operation that the generators can make wait until it is told to stop. */
export async function prepareLingering(subject: Subject, plugin: Plugin): Promise<Prepared[]> {
  const all: Prepared[] = [];
  for (const resource of subject.resources) {
    for (const { operation, apply } of resource.generator.lingering ?? []) {
      const prepared = await prepare(plugin, resource, operation, apply);
      if (prepared !== undefined) all.push(prepared);
    }
  }
  return all;
}

async function prepare(
  plugin: Plugin,
  resource: SubjectResource,
  operation: Operation,
  apply: (inputs: JsonMap) => JsonMap,
): Promise<Prepared | undefined> {
  const object = new ResourceInProgram(plugin, resource);
  for (const inputs of fc.sample(resource.generator.inputs, 10)) {
    const { inputs: checked, failures } = must(
      await calls.check(plugin, object.target, { news: apply(inputs) }),
      `Check of ${resource.token}`,
    );
    if (failures.length > 0) {
      demand(resource.guessed, () => `Check of ${resource.token} refuses valid inputs: ${JSON.stringify(failures)}`);
      continue;
    }
    const recorded = operation === "create" ? undefined : await object.create(checked);
    const where = `${operation} of ${resource.token} with ${JSON.stringify(checked).slice(0, 300)}`;
    return { where, operation, object, inputs: checked, recorded };
  }
  return undefined;
}

/** Starts an operation; `timeoutS` as in the protocol, 0 for the provider's own choice. */
export function begin({ operation, object, inputs, recorded }: Prepared, timeoutS: number): Promise<Answer<unknown>> {
  if (recorded === undefined) return calls.create(object.plugin, object.target, { inputs, timeoutS });
  switch (operation) {
    case "update":
      return object.tryUpdate(recorded, inputs, { timeoutS });
    case "read":
      return object.read(recorded, timeoutS);
    case "delete":
      return object.delete(recorded, timeoutS);
    case "create":
      return calls.create(object.plugin, object.target, { inputs, timeoutS });
    default:
      return operation satisfies never;
  }
}

/** An operation that waited until it was told to stop did stop, and lost nothing. */
export function demandStopped(law: Pick<Law, "letter" | "title">, subject: Subject, finished: Finished) {
  const { prepared, answer } = finished;
  return inCase(law, prepared.where, async () => {
    if (answer.status === "rejected") throw answer.reason;
    const { value } = answer;
    demand(!value.ok, `it was to wait until it is told to stop, and answered that it is done`);
    demand(
      value.code !== grpc.status.UNAVAILABLE && prepared.object.plugin.alive,
      () => `the process ended instead of answering: ${describe(value)}`,
    );
    await demandNothingLost(subject, prepared, value);
  });
}

/** After an operation that was stopped the engine knows of every object that there is, and can delete it. */
export async function demandNothingLost(
  subject: Subject,
  { operation, object, inputs, recorded }: Prepared,
  answer: Answer<unknown>,
): Promise<void> {
  const left = operation === "create" ? createdBy(answer, inputs) : recorded;
  const { urn } = object.target;
  const status = answer.ok ? "was done" : `ended with ${describe(answer)}`;
  await demandNoOrphan(subject, urn, left?.id, `${operation} ${status}`);
  if (left === undefined || operation === "delete") return;
  must(await object.in(await subject.plugin()).delete(left), "Delete of what was left");
  await demandNoOrphan(subject, urn, undefined, "what was left was deleted");
}

function createdBy(answer: Answer<unknown>, inputs: JsonMap): Recorded | undefined {
  if (answer.ok) {
    const { id, properties } = answer.response as { id: string; properties: JsonMap }; // the answer of a create
    return { id, inputs, outputs: properties };
  }
  if (answer.initFailed === undefined) return undefined;
  const { id, inputs: given, properties } = answer.initFailed;
  demand(id !== "", "an object exists and is not as desired, and its id is not told");
  return { id, inputs: given ?? inputs, outputs: properties };
}
