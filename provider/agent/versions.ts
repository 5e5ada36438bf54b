/** A rule of the vendor about which version may follow which. */
export interface VersionRule {
  /** Applies to updates to this version or a newer one. */
  readonly to: string;
  /** Versions that may be updated from: each a release line (`5.1`) or, with `orNewer`, all from it on. */
  readonly from: readonly { readonly version: string; readonly orNewer: boolean }[];
  /** Where the rule comes from, for the plan's words. */
  readonly why: string;
}
