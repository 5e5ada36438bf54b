import type { Appliance } from "../appliance/appliance.ts";
import type { LabelMember } from "../appliance/operations/labels.ts";
import { ProviderError } from "../kit/define/errors.ts";
import type { Path } from "../kit/define/path.ts";

const PAGE = 1_000;

/** Who has a label, and which of the machines it lists are not there yet. */
export interface Members {
  readonly members: readonly LabelMember[];
  readonly pending: readonly string[];
}

/**
 * All machines that have the label of a name.
 * @param at the argument that names it
 * @throws ProviderError `invalid-input` where there is no such label
 */
export async function membersOfLabel(appliance: Appliance, name: string, at: Path): Promise<Members> {
  const label = await appliance.findLabelByName({ name });
  if (label === null)
    throw new ProviderError({
      code: "invalid-input",
      path: at,
      message: `the appliance has no label ${name}`,
      hint: "`kace labels list` shows those there are",
    });
  const members: LabelMember[] = [];
  let pending: readonly string[] = [];
  let after: string | undefined;
  do {
    const page = await appliance.listLabelMembers({ id: label.id, limit: PAGE, after });
    members.push(...page.members);
    pending = page.pending;
    after = page.next;
  } while (after !== undefined);
  return { members, pending };
}
