import type { OperationMethods } from "../appliance.ts";
import type { SuccessionTerms } from "../certificates/authority.ts";

type Store = Pick<OperationMethods, "serverStatus" | "listDistrustingDevices">;

/** What a store says about the succession of its server's authority: what was asked for, and who trusts whom. */
export async function successionTerms(
  store: Store,
  { renewBeforeDays, log }: Pick<SuccessionTerms, "renewBeforeDays" | "log">,
): Promise<SuccessionTerms> {
  const { authorityWish } = await store.serverStatus({});
  return {
    wish: authorityWish,
    renewBeforeDays,
    distrusting: async (sha256) => (await store.listDistrustingDevices({ sha256, limit: 1 })).count,
    log,
  };
}
