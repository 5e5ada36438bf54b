import type * as Ssh2 from "ssh2";

/** What is used of the SSH library. */
export type Ssh2Library = Pick<typeof Ssh2, "Client" | "utils">;

/** The SSH library, loaded when the first machine is contacted: a plugin that contacts none starts faster. */
export async function loadSsh2(): Promise<Ssh2Library> {
  const { default: ssh2 } = await import("ssh2");
  return ssh2;
}

/** What a client keeps to itself, for what the library has no door for; its version is pinned. Undefined if it is not there. */
export function innerPart(client: Ssh2.Client, ...names: readonly string[]): object | undefined {
  let at: unknown = client;
  for (const name of names) at = isObject(at) ? Reflect.get(at, name) : undefined;
  return isObject(at) ? at : undefined;
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}
