/**
 * Gives `Reflect` the three metadata functions that a dependency of `@peculiar/x509` refuses to load without. They keep
 * what they are given, by target and key; where something has provided them already, that stays.
 */
export function provideReflection(): void {
  if ("getMetadata" in Reflect) return;
  const kept = new WeakMap<object, Map<unknown, unknown>>();
  const getOwn = (key: unknown, target: object) => kept.get(target)?.get(key);
  const functions = {
    defineMetadata(key: unknown, value: unknown, target: object): void {
      const values = kept.get(target) ?? new Map<unknown, unknown>();
      kept.set(target, values.set(key, value));
    },
    getOwnMetadata: getOwn,
    getMetadata(key: unknown, target: object): unknown {
      for (let at: object | null = target; at !== null; at = Object.getPrototypeOf(at)) {
        const value = getOwn(key, at);
        if (value !== undefined) return value;
      }
      return undefined;
    },
  };
  for (const [name, value] of Object.entries(functions)) {
    Object.defineProperty(Reflect, name, { value, configurable: true, writable: true });
  }
}
