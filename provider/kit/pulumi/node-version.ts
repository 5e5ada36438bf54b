/** The oldest Node that has all that a plugin uses; the shim of the shipped plugin says the same to older ones. */
export const OLDEST_NODE = "22.18";

/**
 * Why a Node cannot run the plugin, in one sentence, or `undefined` if it can.
 *
 * @param version without `v`: `24.1.0`
 * @param has says of a built-in module whether this Node was built with it
 * @param needed the built-in modules that a Node may lack
 */
export function whyNotThisNode(
  version: string,
  has: (module: string) => boolean,
  needed: readonly string[],
): string | undefined {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const [oldestMajor = 0, oldestMinor = 0] = OLDEST_NODE.split(".").map(Number);
  if (major < oldestMajor || (major === oldestMajor && minor < oldestMinor)) {
    return `Node ${OLDEST_NODE} or newer is needed; this is ${version}.`;
  }
  const missing = needed.find((module) => !has(module));
  return missing === undefined
    ? undefined
    : `Node ${OLDEST_NODE} or newer with "${missing}" is needed; this Node ${version} was built without it.`;
}
