import type { PinnedHostKey } from "../../appliance/operations/host-keys.ts";
import { type Column, printList } from "../output.ts";
import { type CommandSession, type ExitCode, UsageError } from "../session.ts";

const COLUMNS: readonly Column<PinnedHostKey>[] = [
  ["host", ({ host }) => host],
  ["port", ({ port }) => port],
  ["type", ({ type }) => type],
  ["fingerprint", ({ fingerprint }) => fingerprint],
  ["pinned", ({ pinnedAt }) => pinnedAt],
];

export async function listHostKeys(session: CommandSession, hosts: readonly string[]): Promise<ExitCode> {
  const { hostKeys } = await session.read((appliance) =>
    appliance.listHostKeys(hosts.length === 0 ? {} : { hosts: [...hosts] }),
  );
  printList(session.terminal, session.json, hostKeys, COLUMNS, "no host key is pinned");
  return 0;
}

/** Forgets pinned keys, so that the next run accepts a new one: the way to say that a machine was set up anew. */
export async function forgetHostKey(
  session: CommandSession,
  host: string,
  port: number | undefined,
): Promise<ExitCode> {
  const { forgotten } = await session.write((appliance) => appliance.forgetHostKey({ host, port }));
  if (forgotten === 0)
    throw new UsageError(`no key is pinned for ${host}`, "`kace hostkeys list` shows those there are");
  session.terminal.err(`forgot ${forgotten === 1 ? "the key" : `${forgotten} keys`} of ${host}`);
  return 0;
}
