import type { Inputs } from "./inputs.ts";

/** Whether inputs have nothing to log in to Linux machines with, as those of an import: it is given no credentials. */
export function lacksLogIn({ linux }: Inputs): boolean {
  if (linux === undefined) return false;
  const { password, privateKey, agentSocket } = linux;
  return password === undefined && privateKey === undefined && agentSocket === undefined;
}
