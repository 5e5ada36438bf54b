import type * as Ssh2 from "ssh2";

/** What is used of the SSH library. */
export type Ssh2Library = Pick<typeof Ssh2, "Client" | "utils">;

/** The SSH library, loaded when the first machine is contacted: a plugin that contacts none starts faster. */
export async function loadSsh2(): Promise<Ssh2Library> {
  const { default: ssh2 } = await import("ssh2");
  return ssh2;
}
