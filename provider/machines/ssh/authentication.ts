import type { AuthenticationType, Client, NextAuthHandler, ParsedKey, Prompt } from "ssh2";
import type { SshCredentials } from "../credentials.ts";
import { MachineError } from "../machine.ts";
import { type CertifiedKey, certifiedKey, nameSignaturesOf } from "./certificate.ts";
import { readPrivateKey } from "./private-key.ts";

/** The credentials of a log-in, read and in the order in which they are tried. */
export interface LogIn {
  readonly username: string;
  readonly proofs: readonly Proof[];
}

type Proof =
  | { readonly kind: "certificate"; readonly certified: CertifiedKey }
  | { readonly kind: "key"; readonly key: ParsedKey }
  | { readonly kind: "agent"; readonly socket: string }
  | { readonly kind: "password"; readonly password: string };

/**
 * Reads credentials.
 * @throws MachineError `auth-failed` if the key or the certificate cannot be used
 */
export async function readLogIn(username: string, credentials: SshCredentials): Promise<LogIn> {
  const proofs: Proof[] = [];
  const { privateKey, passphrase, certificate, agentSocket, password } = credentials;
  if (certificate !== undefined && privateKey === undefined) {
    throw unusable("there is a certificate but no private key that belongs to it");
  }
  if (privateKey !== undefined) {
    const key = await readPrivateKey(privateKey, passphrase);
    if ("fault" in key) throw unusable(key.message);
    if (certificate !== undefined) {
      const certified = certifiedKey(certificate, key);
      if (certified === undefined) throw unusable("the certificate is no OpenSSH user certificate");
      proofs.push({ kind: "certificate", certified });
    }
    proofs.push({ kind: "key", key });
  }
  if (agentSocket !== undefined) proofs.push({ kind: "agent", socket: agentSocket });
  if (password !== undefined) proofs.push({ kind: "password", password });
  return { username, proofs };
}

function unusable(message: string): MachineError {
  return new MachineError({ code: "auth-failed", message, hint: "correct the credentials" });
}

/**
 * One log-in of one connection: chooses what is tried next, and tells afterwards what was.
 *
 * The password is sent once at most. So it is not sent before the server has said in which way it wants it, and not
 * again once it was rejected: accounts are locked by programs that try again.
 */
export class Authentication {
  /** Why a person is needed, if one is. */
  fault: MachineError | undefined;
  /** What went wrong with the agent, if anything did. */
  agentFault: string | undefined;
  private readonly logIn: LogIn;
  private readonly client: Client;
  private readonly waiting: Proof[];
  private readonly tried: string[] = [];
  private offered: readonly string[] | undefined;
  private askedForMethods = false;
  private rejected = false;

  constructor(logIn: LogIn, client: Client) {
    this.logIn = logIn;
    this.client = client;
    this.waiting = [...logIn.proofs];
  }

  /** The library's `authHandler`. Whether more than one proof is needed shows in what the server offers next. */
  readonly next = (left: AuthenticationType[] | null, _partial: boolean | null, answer: NextAuthHandler): void => {
    if (left !== null) this.offered = left;
    if (this.tried.length > 0) this.rejected = true;
    const index = this.waiting.findIndex((proof) => this.isOffered(proof));
    const [proof] = index < 0 ? [] : this.waiting.splice(index, 1);
    if (proof !== undefined) this.use(proof, answer);
    else if (this.offered === undefined && !this.askedForMethods) {
      this.askedForMethods = true;
      answer({ type: "none", username: this.logIn.username });
    } else refuse(answer);
  };

  /** Whether the server has answered a proof, and not by letting us in. */
  get wasRejected(): boolean {
    return this.rejected;
  }

  /** Whether the password is on its way or was. */
  get sentPassword(): boolean {
    return this.tried.some((proof) => proof.startsWith("the password"));
  }

  /** The error of a log-in that failed. */
  failure(): MachineError {
    if (this.fault !== undefined) return this.fault;
    const { username, proofs } = this.logIn;
    const offered = this.offered === undefined ? "" : `; the server accepts ${this.offered.join(", ") || "nothing"}`;
    const agent = this.agentFault === undefined ? "" : `; the agent: ${this.agentFault}`;
    const tried = this.tried.length === 0 ? "nothing that was given could be tried" : `tried ${this.tried.join(", ")}`;
    return new MachineError({
      code: "auth-failed",
      message:
        proofs.length === 0
          ? `no credentials were given to log in as ${username}${offered}`
          : `the log-in as ${username} was refused: ${tried}${agent}${offered}`,
      hint:
        proofs.length === 0
          ? "give a password, a private key or an agent"
          : "check the user name and the credentials; they are not tried again",
    });
  }

  private isOffered(proof: Proof): boolean {
    if (this.offered === undefined) return proof.kind !== "password";
    if (proof.kind === "password") {
      return this.offered.includes("password") || this.offered.includes("keyboard-interactive");
    }
    return this.offered.includes("publickey");
  }

  private use(proof: Proof, answer: NextAuthHandler): void {
    const { username } = this.logIn;
    switch (proof.kind) {
      case "certificate":
        this.tried.push("the certificate");
        nameSignaturesOf(this.client, proof.certified);
        answer({ type: "publickey", username, key: proof.certified.key });
        return;
      case "key":
        this.tried.push(`the private key (${proof.key.type})`);
        answer({ type: "publickey", username, key: proof.key });
        return;
      case "agent":
        this.tried.push("the agent's keys");
        answer({ type: "agent", username, agent: proof.socket });
        return;
      case "password":
        if (this.offered?.includes("password") === true) {
          this.tried.push("the password");
          answer({ type: "password", username, password: proof.password });
        } else this.useInteractively(proof.password, answer);
    }
  }

  private useInteractively(password: string, answer: NextAuthHandler): void {
    this.tried.push("the password (keyboard-interactive)");
    let isSpent = false;
    answer({
      type: "keyboard-interactive",
      username: this.logIn.username,
      prompt: (_name, _instructions, _language, prompts, finish) => {
        if (!isSpent && isPasswordPrompt(prompts)) {
          isSpent = true;
          finish([password]);
          return;
        }
        this.stop(
          isSpent && isPasswordPrompt(prompts)
            ? this.failure()
            : needsPerson(this.logIn.username, "the server asks for more than a password"),
        );
      },
    });
  }

  /** Ends the connection because only a person could go on. */
  stop(error: MachineError): void {
    this.fault ??= error;
    this.client.destroy();
  }

  /** The password is right but must be changed first. */
  passwordExpired(): void {
    this.stop(needsPerson(this.logIn.username, "the password has expired and must be changed"));
  }
}

/** One question whose answer is not shown, and not for a new password or a code. */
function isPasswordPrompt(prompts: readonly Prompt[]): boolean {
  const [only] = prompts;
  if (only === undefined || prompts.length > 1 || only.echo === true) return false;
  return !/\b(new|retype|current|again|code|token|otp|verification)\b/i.test(only.prompt);
}

function needsPerson(username: string, why: string): MachineError {
  return new MachineError({
    code: "auth-failed",
    message: `the log-in as ${username} needs a person: ${why}`,
    hint: "log in once by hand, or use another account",
  });
}

/** The library takes `false` for "nothing more to try", which its types leave out. */
function refuse(answer: (method: never) => void): void {
  const nothing: unknown = false;
  Reflect.apply(answer, undefined, [nothing]);
}
