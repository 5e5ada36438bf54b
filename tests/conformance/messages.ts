import { type providerPb, Struct } from "../../provider/kit/pulumi/proto.ts";
import { type Answer, mapOf } from "./answer.ts";
import type { JsonMap } from "./wire.ts";

export interface CheckFailure {
  readonly property: string;
  readonly reason: string;
}
export interface Checked {
  readonly inputs: JsonMap;
  readonly failures: readonly CheckFailure[];
}
export interface PropertyDiff {
  readonly kind: "ADD" | "ADD_REPLACE" | "DELETE" | "DELETE_REPLACE" | "UPDATE" | "UPDATE_REPLACE";
  readonly inputDiff: boolean;
}
export interface Diffed {
  readonly changes: "UNKNOWN" | "NONE" | "SOME";
  readonly replaces: readonly string[];
  readonly stables: readonly string[];
  readonly diffs: readonly string[];
  readonly deleteBeforeReplace: boolean;
  readonly hasDetailedDiff: boolean;
  readonly detailed: ReadonlyMap<string, PropertyDiff>;
}
/** A struct of JSON, without the codec of the provider. */
export function structOf(map: JsonMap): Struct {
  return Struct.fromJavaScript(structuredClone(map) as Parameters<typeof Struct.fromJavaScript>[0]);
}

/** An answer with another form of its result. */
export function map<A, B>(answer: Answer<A>, change: (response: A) => B): Answer<B> {
  return answer.ok ? { ok: true, response: change(answer.response) } : answer;
}

export function readChecked(response: providerPb.CheckResponse): Checked {
  const failures = response
    .getFailuresList()
    .map((failure) => ({ property: failure.getProperty(), reason: failure.getReason() }));
  return { inputs: mapOf(response.getInputs()), failures };
}

const KINDS = ["ADD", "ADD_REPLACE", "DELETE", "DELETE_REPLACE", "UPDATE", "UPDATE_REPLACE"] as const;
const CHANGES = ["UNKNOWN", "NONE", "SOME"] as const;

export function readDiffed(response: providerPb.DiffResponse): Diffed {
  const detailed = new Map<string, PropertyDiff>();
  for (const [path, entry] of response.getDetaileddiffMap().entries()) {
    detailed.set(path, { kind: KINDS[entry.getKind()] ?? "UPDATE", inputDiff: entry.getInputdiff() });
  }
  return {
    changes: CHANGES[response.getChanges()] ?? "UNKNOWN",
    replaces: response.getReplacesList(),
    stables: response.getStablesList(),
    diffs: response.getDiffsList(),
    deleteBeforeReplace: response.getDeletebeforereplace(),
    hasDetailedDiff: response.getHasdetaileddiff(),
    detailed,
  };
}
