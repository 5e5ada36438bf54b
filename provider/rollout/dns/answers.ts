/**
 * What asking a name server came to. `refused` is every answer that is neither a name nor "there is none": the server
 * cannot be reached, will not answer or cannot find out; `reason` is its code, such as `ESERVFAIL`.
 */
export type Lookup<Found> =
  | ({ readonly kind: "resolved" } & Found)
  | { readonly kind: "not-found" }
  | { readonly kind: "timeout" }
  | { readonly kind: "refused"; readonly reason: string };

/** The addresses of a host name, in the order of the name server: at least one. */
export type ForwardLookup = Lookup<{ readonly addresses: readonly string[] }>;

/** The host names of an address, lower case and without the dot at their end: at least one. */
export type ReverseLookup = Lookup<{ readonly names: readonly string[] }>;
