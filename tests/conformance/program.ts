import * as fc from "fast-check";
import { type Answer, describe } from "./answer.ts";
import * as calls from "./calls.ts";
import { Broken, demand } from "./law.ts";
import type { Plugin } from "./plugin.ts";
import { newTarget, type Subject, type SubjectResource } from "./subject.ts";
import { elideMap, type JsonMap } from "./wire.ts";

/** What the engine records of an object. */
export interface Recorded {
  readonly id: string;
  readonly inputs: JsonMap;
  readonly outputs: JsonMap;
}

/** @throws Broken with the status if the answer is none */
export function must<Response>(answer: Answer<Response>, what: string): Response {
  if (answer.ok) return answer.response;
  throw new Broken(`${what} failed: ${describe(answer)}`);
}

/**
 * One resource of a program as the engine handles it: calls in the engine's order, and what the engine would record.
 */
export class ResourceInProgram {
  readonly plugin: Plugin;
  readonly target: calls.Target;
  readonly resource: SubjectResource;

  constructor(plugin: Plugin, resource: SubjectResource, target = newTarget(resource.token)) {
    this.plugin = plugin;
    this.resource = resource;
    this.target = target;
  }

  /** The same resource of the same program, handled by another process. */
  in(plugin: Plugin): ResourceInProgram {
    return new ResourceInProgram(plugin, this.resource, this.target);
  }

  /** Checked inputs. Inputs that were only guessed from the schema may be refused; that case then tells nothing. */
  async check(news: JsonMap, olds: JsonMap = {}): Promise<JsonMap> {
    const { inputs, failures } = must(await calls.check(this.plugin, this.target, { news, olds }), "Check");
    if (failures.length > 0 && this.resource.guessed) {
      const retry = withoutRefused(news, failures);
      fc.pre(retry !== undefined);
      return this.check(retry, olds);
    }
    demand(
      failures.length === 0,
      () =>
        `Check refuses valid inputs: ${failures.map(({ property, reason }) => `${property}: ${reason}`).join("; ")}`,
    );
    return inputs;
  }

  async create(inputs: JsonMap): Promise<Recorded> {
    const { id, properties } = must(await calls.create(this.plugin, this.target, { inputs }), "Create");
    demand(id !== "", "Create answered without an id");
    return { id, inputs, outputs: properties };
  }

  diff(recorded: Recorded, news: JsonMap, ignoreChanges: readonly string[] = []): Promise<Answer<calls.Diffed>> {
    return calls.diff(this.plugin, this.target, { ...this.#olds(recorded), news, ignoreChanges });
  }

  async update(recorded: Recorded, news: JsonMap): Promise<Recorded> {
    const { properties } = must(
      await calls.update(this.plugin, this.target, { ...this.#olds(recorded), news }),
      "Update",
    );
    return { id: recorded.id, inputs: news, outputs: properties };
  }

  tryUpdate(
    recorded: Recorded,
    news: JsonMap,
    options: { preview?: boolean; timeoutS?: number } = {},
  ): Promise<Answer<{ properties: JsonMap }>> {
    return calls.update(this.plugin, this.target, { ...this.#olds(recorded), news, ...options });
  }

  /** A refresh. */
  read(recorded: Recorded, timeoutS = 0): Promise<Answer<calls.Found>> {
    return calls.read(this.plugin, this.target, {
      id: recorded.id,
      state: { inputs: elideMap(recorded.inputs), outputs: elideMap(recorded.outputs) },
      timeoutS,
    });
  }

  /** An import: nothing is known but the id. */
  import(id: string): Promise<Answer<calls.Found>> {
    return calls.read(this.plugin, this.target, { id });
  }

  delete(recorded: Recorded, timeoutS = 0): Promise<Answer<unknown>> {
    return calls.remove(this.plugin, this.target, {
      id: recorded.id,
      inputs: elideMap(recorded.inputs),
      outputs: elideMap(recorded.outputs),
      timeoutS,
    });
  }

  #olds({ id, inputs, outputs }: Recorded) {
    return { id, olds: elideMap(outputs), oldInputs: elideMap(inputs) };
  }
}

/** The inputs without the properties that a Check named, `undefined` if it named none of them. */
function withoutRefused(inputs: JsonMap, failures: readonly calls.CheckFailure[]): JsonMap | undefined {
  const refused = new Set<string>();
  for (const { property, reason } of failures) {
    // Where the value is secret the path stands in the reason.
    const [name] = /^[A-Za-z_$][\w$]*/.exec(property === "" ? reason : property) ?? [];
    if (name !== undefined && Object.hasOwn(inputs, name)) refused.add(name);
  }
  if (refused.size === 0) return undefined;
  return Object.fromEntries(Object.entries(inputs).filter(([key]) => !refused.has(key)));
}

/** The ids of the objects that were made for a URN; `undefined` where the world cannot be looked at. */
export async function objectsOf(subject: Subject, urn: string): Promise<string[] | undefined> {
  const objects = await subject.options.sideEffects?.objects();
  return objects?.filter((object) => object.urn === urn).map((object) => object.id);
}

/** @throws Broken if objects of this URN exist beyond the one of this id */
export async function demandNoOrphan(
  subject: Subject,
  urn: string,
  known: string | undefined,
  when: string,
): Promise<void> {
  const ids = await objectsOf(subject, urn);
  const lost = ids?.filter((id) => id !== known) ?? [];
  demand(
    lost.length === 0,
    () => `${when}, and the object ${lost.join(", ")} exists of which the engine knows nothing`,
  );
}
