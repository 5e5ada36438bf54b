import type { Appliance } from "../appliance/appliance.ts";
import { ApplianceError } from "../appliance/errors.ts";
import type { Label, LabelMember } from "../appliance/operations/labels.ts";
import { ProviderError } from "../kit/define/errors.ts";
import type { Path } from "../kit/define/path.ts";

const PAGE = 1_000;

const LABEL_ID = /^label-[0-9a-f]{20}$/;

/** Who has a label, and which of the machines it lists are not there yet. */
export interface Members {
  readonly members: readonly LabelMember[];
  readonly pending: readonly string[];
}

/**
 * All machines that have the label of a name or id.
 * @param at the argument that names it
 * @throws ProviderError `invalid-input` where there is no such label
 */
export async function membersOfLabel(appliance: Appliance, name: string, at: Path): Promise<Members> {
  const label = (await appliance.findLabelByName({ name })) ?? (await labelOfId(appliance, name));
  if (label === undefined)
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

async function labelOfId(appliance: Appliance, id: string): Promise<Label | undefined> {
  if (!LABEL_ID.test(id)) return undefined;
  try {
    return await appliance.getLabel({ id });
  } catch (error) {
    if (error instanceof ApplianceError && error.code === "not-found") return undefined;
    throw error;
  }
}
