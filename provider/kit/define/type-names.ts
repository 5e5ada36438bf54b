import * as z from "zod";

/** `ssh-key` -> `SshKey`. */
function pascal(text: string): string {
  return text
    .split(/[^A-Za-z0-9]+/)
    .map((word) => word.slice(0, 1).toUpperCase() + word.slice(1))
    .join("");
}

/** The type of a property's value: `Thing` and `nameServer` make `ThingNameServer`. */
export function propertyTypeName(typeName: string, property: string): string {
  return `${typeName}${pascal(property)}`;
}

/** `ThingHosts` -> `ThingHost`, so that the items of a list have a name for one of them. */
export function singular(typeName: string): string {
  if (/(?:ss|us|is)$/.test(typeName) || !typeName.endsWith("s")) return `${typeName}Item`;
  if (typeName.endsWith("ies")) return `${typeName.slice(0, -3)}y`;
  return typeName.slice(0, -1);
}

/** The type of one option of a union, by the value of its discriminator or else by its place. */
export function optionTypeName(
  typeName: string,
  option: z.core.$ZodType,
  discriminator: string | undefined,
  index: number,
): string {
  if (discriminator !== undefined && option instanceof z.core.$ZodObject) {
    const tag = option._zod.def.shape[discriminator];
    if (tag instanceof z.core.$ZodLiteral) return `${typeName}${pascal(String(tag._zod.def.values[0]))}`;
  }
  return `${typeName}Option${index + 1}`;
}
