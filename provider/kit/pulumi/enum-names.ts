import type { Scalar } from "./package-schema.ts";

/**
 * The names of an enum's values in SDKs. Generators make names themselves, but stop at values such as `"*"` or `8.5`
 * and write the same name twice for `"a-b"` and `"a_b"`; these are words in PascalCase, all different whatever the case.
 *
 * @example enumValueNames(["ssh", "ubuntu-22.04", "*"]) // ["Ssh", "Ubuntu2204", "Value3"]
 * @example enumValueNames([8, -1.5]) // ["Value8", "ValueMinus1Point5"]
 */
export function enumValueNames(values: readonly Scalar[]): string[] {
  const taken = new Set<string>();
  return values.map((value, index) => {
    const base = nameOf(value) ?? `Value${index + 1}`;
    let name = base;
    for (let count = 2; taken.has(name.toLowerCase()); count++) name = `${base}_${count}`;
    taken.add(name.toLowerCase());
    return name;
  });
}

function nameOf(value: Scalar): string | undefined {
  const text =
    typeof value === "number" ? `value${String(value).replace("-", " minus ").replace(".", " point ")}` : String(value);
  const words = text.split(/[^A-Za-z0-9]+/).filter((word) => word !== "");
  const name = words.map((word) => word.slice(0, 1).toUpperCase() + word.slice(1)).join("");
  if (name === "") return undefined;
  return /^[0-9]/.test(name) ? `Value${name}` : name;
}
