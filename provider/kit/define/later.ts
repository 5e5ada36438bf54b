/**
 * Makes a value when it is first asked for, and keeps it: a plugin that starts describes everything and needs little
 * of it.
 *
 * @example const shape = later(() => compileShape(schema, context));
 */
export function later<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}
