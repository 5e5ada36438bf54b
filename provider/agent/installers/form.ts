import type { AgentPackage } from "../agent-package.ts";

/** What an installer is to be told. */
export interface InstallerAsked {
  readonly package: Pick<AgentPackage, "fileName" | "platform" | "format">;
  readonly host: string;
  readonly port: number;
  /** Absent: the agent waits in quarantine. */
  readonly token: string | undefined;
  /** Whether the authority of the server's certificate lies beside the package, as {@link CA_FILE}. */
  readonly hasCaFile: boolean;
}

/** One way to tell an installer its server and its token. */
export interface InstallerForm {
  readonly form: "fileName" | "environment" | "arguments";
  /** What the package must be called. Holds the token where the form is `fileName`. */
  readonly fileName: string;
  /** For a shell of root (on Windows: of an administrator) in the folder of the package, one after the other. */
  readonly commands: readonly string[];
  /** What must be known about it. */
  readonly note?: string;
}

/** Where the authority of the server's certificate is expected, beside the package. */
export const CA_FILE = "kace-ca.pem";

/** A text as one word of a POSIX shell. @example quoted("it's") // "'it'\\''s'" */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/** Whether a text may stand in a file name: whatever a host name or a token has, but no folder. */
export function fitsFileName(text: string): boolean {
  return /^[A-Za-z0-9._~+=-]+$/.test(text);
}
