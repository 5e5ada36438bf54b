import { type Change, type ChangeEffect, differences } from "../../define/difference.ts";
import { covers, formatPath, type Path, parsePath } from "../../define/path.ts";
import type { ResourceDescriptor } from "../../define/resource.ts";
import { hasUnknown, type ValueMap } from "../../define/value.ts";
import { providerPb } from "../proto.ts";
import type { RedactionScope } from "../redact.ts";
import type { Session } from "../session.ts";
import { hasAllOutputs, type RecordedState, readRecorded, typedState } from "../state.ts";
import { decodeMap } from "../wire-values.ts";
import { outsideSecrets, shownChanges } from "./shown-changes.ts";

/**
 * Compares what is recorded with what is wanted. In a refresh the engine asks the other way round (what was found
 * against what was recorded), so nothing here may depend on which side is newer.
 */
export function diff<Client>(
  session: Session<Client>,
  request: providerPb.DiffRequest,
  scope: RedactionScope,
): providerPb.DiffResponse {
  const { resource } = session.resource(request.getUrn());
  const { descriptor } = resource;
  const outputs = decodeMap(request.getOlds());
  const oldInputs = request.hasOldInputs() ? decodeMap(request.getOldInputs()) : undefined;
  const news = decodeMap(request.getNews());
  session.conceal(scope, descriptor.inputs, [news, oldInputs ?? outputs]);
  const recorded = readRecorded(descriptor, oldInputs, outputs);
  session.makings.note(request.getUrn(), request.getId(), recorded.made);
  const all = changesOf(descriptor, recorded.inputs, news, request.getIgnorechangesList());
  // The engine refuses an import that differs from the program, and what was read of the object has no credentials.
  const changes = session.imported.delete(request.getUrn()) ? all.filter(({ effect }) => effect !== "credential") : all;
  return encodeDifferences(shownChanges(changes, recorded.inputs, news), {
    everyUpdateReplaces: resource.handlers.update === undefined,
    deleteBeforeReplace: descriptor.deleteBeforeReplace,
    stables: [...descriptor.stableOutputs],
    drift: changes.some((change) => change.effect === "replace")
      ? []
      : driftOf(descriptor, recorded).map((path) => outsideSecrets(path, [recorded.outputs])),
  });
}

/** The differences in inputs that count: those that the user told the engine to ignore do not. */
export function changesOf(
  descriptor: ResourceDescriptor,
  before: ValueMap,
  after: ValueMap,
  ignoreChanges: readonly string[],
): readonly Change[] {
  return withoutIgnored(differences(descriptor.inputs, before, after), ignoreChanges);
}

function withoutIgnored(changes: readonly Change[], ignoreChanges: readonly string[]): readonly Change[] {
  if (ignoreChanges.length === 0) return changes;
  const patterns = ignoreChanges.map(parsePath);
  return changes.filter((change) => !patterns.some((pattern) => covers(pattern, change.path)));
}

/** The recorded outputs that say "not as desired". */
export function driftOf(descriptor: ResourceDescriptor, recorded: RecordedState): readonly Path[] {
  if (!descriptor.hasDrift || hasUnknown(recorded.outputs) || hasUnknown(recorded.inputs)) return [];
  // An object that was not finished is a difference by itself; what it lacks cannot be looked at.
  if (recorded.incomplete && !hasAllOutputs(descriptor, recorded)) return [];
  return descriptor.drift(typedState(descriptor, recorded));
}

/** How a set of changes is answered. */
export interface DiffPolicy {
  readonly ignoreChanges?: readonly string[];
  readonly everyUpdateReplaces?: boolean;
  readonly deleteBeforeReplace?: boolean;
  readonly stables?: string[];
  readonly drift?: readonly Path[];
}

const KINDS = providerPb.PropertyDiff.Kind;
const KIND_OF = { add: KINDS.ADD, delete: KINDS.DELETE, update: KINDS.UPDATE } as const;
const REPLACE_KIND_OF = { add: KINDS.ADD_REPLACE, delete: KINDS.DELETE_REPLACE, update: KINDS.UPDATE_REPLACE } as const;

function replaces(effect: ChangeEffect, policy: DiffPolicy): boolean {
  return effect === "replace" || (effect === "update" && policy.everyUpdateReplaces === true);
}

/**
 * Puts changes into the engine's form. Every top-level property in `diffs` has a path in `detailedDiff` and the other
 * way round, as the protocol demands.
 */
export function encodeDifferences(all: readonly Change[], policy: DiffPolicy): providerPb.DiffResponse {
  const changes = withoutIgnored(all, policy.ignoreChanges ?? []);
  const response = new providerPb.DiffResponse();
  const detailed = response.getDetaileddiffMap();
  const diffs = new Set<string>();
  const replaced = new Set<string>();
  for (const change of changes) {
    const replace = replaces(change.effect, policy);
    const entry = new providerPb.PropertyDiff();
    entry.setKind(replace ? REPLACE_KIND_OF[change.kind] : KIND_OF[change.kind]);
    entry.setInputdiff(true);
    detailed.set(formatPath(change.path), entry);
    diffs.add(String(change.path[0]));
    if (replace) replaced.add(String(change.path[0]));
  }
  for (const path of policy.drift ?? []) {
    const key = formatPath(path);
    if (key === "" || detailed.has(key)) continue;
    const entry = new providerPb.PropertyDiff();
    entry.setKind(KINDS.UPDATE);
    detailed.set(key, entry);
    diffs.add(String(path[0]));
  }
  response.setHasdetaileddiff(true);
  response.setDiffsList([...diffs]);
  response.setReplacesList([...replaced]);
  response.setStablesList(policy.stables ?? []);
  response.setDeletebeforereplace(policy.deleteBeforeReplace === true && replaced.size > 0);
  response.setChanges(
    diffs.size > 0 ? providerPb.DiffResponse.DiffChanges.DIFF_SOME : providerPb.DiffResponse.DiffChanges.DIFF_NONE,
  );
  return response;
}
