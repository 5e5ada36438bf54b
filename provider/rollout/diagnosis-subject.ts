import type { Probe } from "../agent/agent.ts";
import type { Output } from "../appliance/appliance.ts";
import type { ForwardLookup } from "./dns/answers.ts";
import type { TlsAnswer, TlsGreeting } from "./greet-tls.ts";
import type { KnownMachine } from "./known-machine.ts";
import type { PortState } from "./ports/port-state.ts";

/** What is asked about: why a machine does not appear at its server. */
export interface DiagnosisSubject {
  /** Name or address of the machine. */
  readonly machine: string;
  readonly server: {
    readonly host: string;
    readonly port: number;
    readonly caCertificate?: string | undefined;
    /** The command that starts it, where it is the appliance's own and does not run. */
    readonly startedBy?: string | undefined;
    /** True where it is none of the appliance's own: what comes to that one proves nothing of this one. */
    readonly elsewhere?: boolean | undefined;
  };
  /** The enrolment token its agent was given, if that is known. */
  readonly token?: string | undefined;
  readonly timeoutMs: number;
}

/** How to find out; every look is read-only. */
export interface DiagnosisMeans {
  forward(name: string): Promise<ForwardLookup>;
  portState(address: string, port: number, timeoutMs: number): Promise<PortState>;
  greet(greeting: TlsGreeting): Promise<TlsAnswer>;
  checkToken(value: string): Promise<Pick<Output<"checkToken">, "status" | "name">>;
  /** What the appliance knows of a machine, by its name. */
  knownMachine(machine: string): Promise<KnownMachine>;
  /** A look at the machine itself, where there is a log-in for it; it may fail with a sentence. */
  readonly probe?: ((machine: string) => Promise<Probe | { readonly failed: string }>) | undefined;
}
