/** An archive that cannot be used: what is wrong with it, in words for its user. */
export class KbinError extends Error {
  override readonly name = "KbinError";
}
