import { type LogFormat, logIn } from "../log-format.ts";
import type { Terminal } from "../output.ts";
import { serveAppliance } from "../serve.ts";
import type { ExitCode } from "../session.ts";

/** What `kace serve` is told. */
export interface ServeArguments {
  /** The appliance's. */
  readonly folder: string;
  readonly name?: string | undefined;
  readonly host: string;
  readonly port: number;
  readonly certificate?: string | undefined;
  readonly key?: string | undefined;
  readonly logFormat: LogFormat;
}

/** Runs the appliance's server until the signal fires. */
export async function serveCommand(
  given: ServeArguments,
  world: { readonly terminal: Terminal; readonly signal: AbortSignal },
): Promise<ExitCode> {
  const { logFormat, ...options } = given;
  await serveAppliance({
    ...options,
    signal: world.signal,
    ...logIn(logFormat, world.terminal.err, Date.now),
    now: Date.now,
  });
  return 0;
}
