import { resolve } from "node:path";
import { RENEW_BEFORE_DAYS } from "../../appliance/certificates/succession.ts";
import { type LogFormat, logIn } from "../log-format.ts";
import type { Terminal } from "../output.ts";
import { serveAppliance } from "../serve.ts";
import { NODE_OPTIONS_OF_SERVE, SERVICE_FOLDER, unitOf } from "../serve-unit.ts";
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
  readonly nextAuthority?: string | undefined;
  /** In days. */
  readonly renewAuthority?: number | undefined;
  readonly logFormat: LogFormat;
}

/** The unit that runs `kace serve` with these arguments, by the program that runs now. */
export function unitCommand(given: Omit<ServeArguments, "folder">, database = SERVICE_FOLDER): string {
  const { host, port, logFormat, name, certificate, key, nextAuthority, renewAuthority } = given;
  const files = { certificate, key, "next-authority": nextAuthority };
  const named = Object.entries({ name, ...files }).flatMap(([option, value]) =>
    value === undefined ? [] : [`--${option}`, option === "name" ? value : resolve(value)],
  );
  const options = ["--host", host, "--port", String(port), "--log-format", logFormat, ...named];
  if (renewAuthority !== undefined && renewAuthority !== RENEW_BEFORE_DAYS)
    options.push("--renew-authority", String(renewAuthority));
  const program = process.argv[1];
  if (program === undefined) throw new TypeError("the program does not know where it is");
  const node = [process.execPath, ...NODE_OPTIONS_OF_SERVE];
  return unitOf({ command: [...node, resolve(program), "--database", database, "serve", ...options] });
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
