import type { OutcomeClass } from "../appliance/operations/outcome-classes.ts";

/** What a code means: its class, what happened in one sentence, and what to do about it where something must be done. */
export interface CodeMeaning {
  readonly class: OutcomeClass;
  readonly sentence: string;
  readonly hint?: string;
}

/**
 * Every outcome code. They are stable words: programs compare them, and `docs/outcomes.md` lists them.
 *
 * A log-in that is refused and a host key that is not the expected one are `failed`, not `unreachable`: a tolerance for
 * machines that are switched off must not hide a wrong password, or somebody in between.
 */
const MEANINGS = {
  installed: { class: "succeeded", sentence: "the agent was installed and proved" },
  upgraded: { class: "succeeded", sentence: "the agent was upgraded and proved" },
  downgraded: { class: "succeeded", sentence: "the agent was downgraded and proved" },
  reconfigured: { class: "succeeded", sentence: "the agent was given its server and proved" },
  repaired: { class: "succeeded", sentence: "the agent was repaired and proved" },

  unchanged: { class: "unchanged", sentence: "the agent is right already" },
  adopted: { class: "unchanged", sentence: "the agent is right already and was recorded as this configuration's" },
  "not-installed": { class: "unchanged", sentence: "no agent is there, as asked" },

  removed: { class: "removed", sentence: "the agent was removed: its package and its service are gone" },

  absent: { class: "absent", sentence: "nothing answers at this address of a range" },
  "same-machine": {
    class: "absent",
    sentence: "this is a machine that another target stands for; it is counted there",
  },

  "dns-failed": {
    class: "unreachable",
    sentence: "the name could not be resolved",
    hint: "check the name, or give `dns.nameServer` one that knows it",
  },
  "port-closed": {
    class: "unreachable",
    sentence: "the machine answers, but a required port is closed",
    hint: "start sshd there, or check the port",
  },
  "port-filtered": {
    class: "unreachable",
    sentence: "a required port does not answer",
    hint: "check that the machine is on and that no firewall drops the connection",
  },
  "connect-timeout": {
    class: "unreachable",
    sentence: "the connection was not made in time",
    hint: "check that the machine is on and its sshd answers, or raise `connectTimeout`",
  },
  disconnected: {
    class: "unreachable",
    sentence: "the machine ended the connection before it could be looked at",
    hint: "look at its sshd's log; `MaxStartups` and what blocks addresses after failed log-ins look like this",
  },

  "host-key-changed": {
    class: "failed",
    sentence: "the machine showed another host key than the one that is known",
    hint: "if it was set up anew, accept its new key with `kace hostkeys forget <machine>`",
  },
  "host-key-unknown": {
    class: "failed",
    sentence: "the machine's host key is not known",
    hint: "add it to `hostKeys.knownHosts`, or choose the policy `acceptNew`",
  },
  "auth-failed": {
    class: "failed",
    sentence: "the log-in was refused",
    hint: "check the user name and its password or key; a password is offered only once",
  },
  "no-credentials": {
    class: "failed",
    sentence: "there is nothing to log in with",
    hint: "give a password, a private key or the socket of an ssh agent",
  },
  "no-privilege": {
    class: "failed",
    sentence: "the log-in cannot become root",
    hint: "log in as root, or let the user use sudo or su and say so in `become`",
  },
  "sudo-password": {
    class: "failed",
    sentence: "becoming root needs a password that was not given or is wrong",
    hint: "give `become.password`",
  },
  "unsupported-os": {
    class: "failed",
    sentence: "this system is not one the agent is made for",
    hint: "leave the machine out with `targets.exclude`, or set `allowUnsupported`",
  },
  "no-package": {
    class: "failed",
    sentence: "the bundle has no package for this machine",
    hint: "add a package for its platform and architecture to the bundle",
  },
  "version-denied": {
    class: "failed",
    sentence: "the version that would be installed is on the deny list",
    hint: "choose another version, or take it off `agent.deniedVersions`",
  },
  "downgrade-not-allowed": {
    class: "failed",
    sentence: "a newer agent is there",
    hint: "set `agent.allowDowngrade` if the older one is wanted",
  },
  "disk-full": {
    class: "failed",
    sentence: "the disk has too little space",
    hint: "make room on the file system that is named",
  },
  "upload-failed": {
    class: "failed",
    sentence: "the package could not be brought to the machine",
    hint: "run `pulumi up` again; look at the machine's disk and log if it stays",
  },
  "checksum-mismatch": {
    class: "failed",
    sentence: "the package arrived altered and was not installed",
    hint: "check what stands between here and the machine, and the bundle's package",
  },
  "install-failed": {
    class: "failed",
    sentence: "the installer failed",
    hint: "read its last lines with `kace logs <machine>`",
  },
  "install-timeout": {
    class: "failed",
    sentence: "the installer did not end in time and was stopped",
    hint: "read its last lines with `kace logs <machine>`, or raise `agent.installTimeout`",
  },
  "remove-failed": {
    class: "failed",
    sentence: "the agent could not be removed completely",
    hint: "read what is left with `kace logs <machine>`",
  },
  "reboot-required": {
    class: "failed",
    sentence: "the machine must be restarted first",
    hint: "restart it and run `pulumi up` again",
  },
  "service-not-running": {
    class: "failed",
    sentence: "the agent's service does not run",
    hint: "read its last lines with `kace logs <machine>`",
  },
  "server-unresolvable": {
    class: "failed",
    sentence: "the machine cannot resolve the server's name",
    hint: "use a name for `server.name` that the machine's own name server knows",
  },
  "server-unreachable": {
    class: "failed",
    sentence: "the machine cannot reach the server's port",
    hint: "open the way from the machine to the server",
  },
  "not-connected": {
    class: "failed",
    sentence: "the agent runs but did not connect to its server in time",
    hint: "run `kace diagnose <machine>`",
  },
  quarantined: {
    class: "failed",
    sentence: "the agent waits in quarantine",
    hint: "approve it with `kace quarantine approve <machine>`, or give a valid token",
  },
  claimed: {
    class: "failed",
    sentence: "another configuration looks after this machine",
    hint: "leave it to that one, or set `takeOver: true`",
  },
  "platform-not-configured": {
    class: "failed",
    sentence: "the configuration has no section for this platform",
    hint: "add a section for the platform, or leave the machine out with `targets.exclude`",
  },
  "server-not-running": {
    class: "failed",
    sentence: "the agents' server does not run",
    hint: "start it with `kace serve`",
  },
  "token-unknown": {
    class: "failed",
    sentence: "the appliance does not know the token",
    hint: "use the value of an `AgentToken` of this appliance",
  },
  "token-expired": {
    class: "failed",
    sentence: "the token has expired",
    hint: "give the `AgentToken` a later `expiresAt`, or rotate it",
  },
  "token-exhausted": {
    class: "failed",
    sentence: "the token has no uses left",
    hint: "raise `useLimit` of the `AgentToken`, or rotate it",
  },
  "token-disabled": {
    class: "failed",
    sentence: "the token is disabled",
    hint: "set `enabled` of the `AgentToken`",
  },
  busy: {
    class: "failed",
    sentence: "another run is at work, or the agent is updating itself",
    hint: "run `pulumi up` again once it has ended",
  },
  "command-timeout": {
    class: "failed",
    sentence: "a command on the machine did not end in time",
    hint: "look at the machine's load, or raise `commandTimeout`",
  },
  lost: {
    class: "failed",
    sentence: "the connection broke while work was going on",
    hint: "run `pulumi up` again: it looks at this machine first",
  },
  internal: {
    class: "failed",
    sentence: "a fault of the provider",
    hint: "run with `--debug` and report what it says",
  },

  cancelled: {
    class: "notAttempted",
    sentence: "the run was cancelled before anything was changed",
    hint: "run `pulumi up` again",
  },
  "not-attempted": {
    class: "notAttempted",
    sentence: "the run ended before this machine's turn",
    hint: "run `pulumi up` again",
  },
  planned: { class: "notAttempted", sentence: "this is what would be done; nothing was written" },
  drifted: {
    class: "notAttempted",
    sentence: "the machine is no longer as it should be",
    hint: "run `pulumi up`, which puts it right",
  },
} as const satisfies Readonly<Record<string, CodeMeaning>>;

/** A stable word for what became of a target. */
export type OutcomeCode = keyof typeof MEANINGS;

/** All codes with their meanings, in the order they are documented in. */
export const OUTCOME_CODES: Readonly<Record<OutcomeCode, CodeMeaning>> = MEANINGS;

/** Whether a word, from the state or from another process, is an outcome code. */
export function isOutcomeCode(word: string): word is OutcomeCode {
  return Object.hasOwn(MEANINGS, word);
}

/** The one class of a code. @example classOf("quarantined") // "failed" */
export function classOf(code: OutcomeCode): OutcomeClass {
  return OUTCOME_CODES[code].class;
}

/** Whether a machine of this class is as it should be, so that nothing is left to do. */
export function isRight(outcomeClass: OutcomeClass): boolean {
  return outcomeClass === "succeeded" || outcomeClass === "unchanged" || outcomeClass === "removed";
}

const NO_NEWS: ReadonlySet<OutcomeCode> = new Set([
  "dns-failed",
  "port-closed",
  "port-filtered",
  "connect-timeout",
  "disconnected",
  "host-key-changed",
  "host-key-unknown",
  "auth-failed",
  "no-credentials",
  "no-privilege",
  "sudo-password",
  "command-timeout",
  "lost",
  "busy",
  "internal",
  "cancelled",
  "not-attempted",
] satisfies OutcomeCode[]);

/**
 * Whether a look that ended so says nothing about the agent: the machine was not reached, logged in to or understood,
 * so what was recorded of it stays. No news is not drift.
 */
export function saysNothing(code: OutcomeCode): boolean {
  return NO_NEWS.has(code);
}
