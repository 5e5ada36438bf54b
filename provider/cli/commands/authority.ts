import { setTimeout as delay } from "node:timers/promises";
import type { Appliance } from "../../appliance/appliance.ts";
import { everyPage } from "../../appliance/every-page.ts";
import type { DistrustingDevice, PublishedAuthority } from "../../appliance/operations/authorities.ts";
import { type Column, tableOf } from "../output.ts";
import { CommandError, type CommandSession, type ExitCode } from "../session.ts";

const AUTHORITIES: readonly Column<PublishedAuthority>[] = [
  ["authority", ({ name }) => name],
  ["use", ({ use }) => use],
  ["expires", ({ expiresAt }) => expiresAt],
  ["sha256", ({ sha256 }) => sha256],
];

const REASONS: Readonly<Record<DistrustingDevice["why"], string>> = {
  "agent-too-old": "its agent is too old to take up authorities",
  "system-roots": "it trusts its system's roots",
  "not-yet": "it has not confirmed it yet",
};

const DEVICES: readonly Column<DistrustingDevice>[] = [
  ["device", ({ hostname }) => hostname],
  ["organization", ({ organization }) => organization],
  ["connected", ({ connected }) => connected],
  ["last seen", ({ lastSeenAt }) => lastSeenAt],
  ["why", ({ why }) => REASONS[why]],
];

/** Shows whom agents are to trust, and who does not trust the next one yet. */
export async function showAuthority(session: CommandSession, { pem }: { readonly pem?: boolean }): Promise<ExitCode> {
  const { terminal, json } = session;
  const shown = await session.read(authorityOf);
  if (pem === true) {
    if (shown.caCertificate === undefined) throw noAuthority();
    terminal.out(shown.caCertificate.trimEnd());
    return 0;
  }
  const { authorities, next, switchOverAt, approved, distrusting } = shown;
  const code = distrusting.length > 0 ? 3 : 0;
  if (json) {
    terminal.out(JSON.stringify({ authorities, switchOverAt, approved, distrusting }, undefined, 2));
    return code;
  }
  if (authorities.length === 0) throw noAuthority();
  terminal.out(tableOf(authorities, AUTHORITIES));
  if (next === undefined) return 0;
  const when = switchOverAt === undefined ? "when its certificate is given to the server" : `on ${switchOverAt}`;
  terminal.out(`\n${approved - distrusting.length} of ${approved} devices trust the next one; it takes over ${when}`);
  if (distrusting.length === 0) return 0;
  terminal.out(tableOf(distrusting, DEVICES));
  terminal.err("those that come back take it up by themselves; `pulumi up` gives it to the others");
  return code;
}

/** Has the server make its next authority. */
export async function renewAuthority(session: CommandSession): Promise<ExitCode> {
  return asked(
    session,
    (appliance) => appliance.renewAuthority({}),
    "agents are told to trust the next authority; `kace authority show` says which do",
  );
}

/** Has the server go over to its next authority. */
export async function finishAuthority(
  session: CommandSession,
  { force }: { readonly force: boolean },
): Promise<ExitCode> {
  return asked(
    session,
    (appliance) => appliance.finishAuthority({ force }),
    "the server uses the next authority from now on, and agents drop the one before",
  );
}

/** A running server does it within a second or two; longer, and its log says why not. */
const PATIENCE_MS = 30_000;

async function asked(
  session: CommandSession,
  ask: (appliance: Appliance) => Promise<unknown>,
  sentence: string,
): Promise<ExitCode> {
  const outcome = await session.write(async (appliance) => {
    await ask(appliance);
    const deadline = performance.now() + PATIENCE_MS;
    for (;;) {
      const { authorityWish, running } = await appliance.serverStatus({});
      if (authorityWish === undefined) return "done";
      if (!running) return "not running";
      if (performance.now() > deadline || session.signal.aborted) return "waiting";
      await delay(200);
    }
  });
  switch (outcome) {
    case "done":
      session.terminal.err(sentence);
      return 0;
    case "not running":
      session.terminal.err("the server does not run: it does that at its next start");
      return 0;
    case "waiting":
      throw new CommandError("the server was asked, and has not done it yet", "see its log; it tries again by itself");
  }
}

async function authorityOf(appliance: Appliance) {
  const { authorities = [], switchOverAt, caCertificate } = await appliance.serverStatus({});
  const next = authorities.find(({ use }) => use === "next");
  if (next === undefined) return { authorities, next, switchOverAt, caCertificate, approved: 0, distrusting: [] };
  let approved = 0;
  const distrusting = await everyPage(async (after) => {
    const page = await appliance.listDistrustingDevices({ sha256: next.sha256, limit: 1_000, after });
    approved = page.approved;
    return { items: page.devices, next: page.next };
  });
  return { authorities, next, switchOverAt, caCertificate, approved, distrusting };
}

function noAuthority(): CommandError {
  return new CommandError(
    "the server has announced no authority",
    "none ever ran on this appliance, or its certificate is one that machines trust by themselves",
  );
}
