/** How a plugin was started. */
export type Invocation =
  /** By the engine, which says where it listens. */
  | { readonly kind: "engine"; readonly engineAddress: string }
  /** With `--attach`: to wait for an engine that was told of it by `PULUMI_DEBUG_PROVIDERS`. */
  | { readonly kind: "attach" }
  /** Without an engine's address, but by a program that reads the port, as `pulumi package get-schema` does. */
  | { readonly kind: "headless" }
  /** By a person in a terminal. */
  | { readonly kind: "person" };

/** Flags of the engine's logging and tracing that are followed by a value of their own. */
const FLAGS_WITH_VALUE: ReadonlySet<string> = new Set(["-v", "--v", "-tracing", "--tracing", "-vmodule", "--vmodule"]);

/**
 * Reads the command line of a plugin. The engine passes its own address and logging flags of its version; what is
 * not known is passed over, since an older plugin must start under a newer engine.
 *
 * @param args the arguments without node and script
 * @param isTerminal whether somebody reads the standard output in a terminal
 */
export function readArguments(args: readonly string[], isTerminal: boolean): Invocation {
  let engineAddress: string | undefined;
  for (let index = 0; index < args.length; index++) {
    const argument = args[index] ?? "";
    if (argument === "--attach") return { kind: "attach" };
    if (FLAGS_WITH_VALUE.has(argument)) index++;
    else if (!argument.startsWith("-") && argument !== "") engineAddress ??= argument;
  }
  if (engineAddress !== undefined && /^[^\s/]+:\d+$/.test(engineAddress)) return { kind: "engine", engineAddress };
  return isTerminal ? { kind: "person" } : { kind: "headless" };
}
