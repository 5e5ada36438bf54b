import { delimiter, dirname } from "node:path";

/** What one run of the Pulumi CLI may know of the machine. */
export type Hermetic = {
  /** The CLI; its folder goes first on the `PATH`, so that its language hosts are found. */
  readonly command: string;
  /** `PULUMI_HOME`: credentials, plugins and logs of this run. Use a folder of its own for each test. */
  readonly home: string;
  /** The folder that holds the state. It must exist. */
  readonly backend: string;
  /** Opens the stack's secrets. Default `correct horse battery staple`; it protects test data only. */
  readonly passphrase?: string;
  /** What the run starts from. Default: this process's environment. */
  readonly base?: NodeJS.ProcessEnv;
};

/**
 * The environment for a run of the Pulumi CLI that touches nothing outside its own folders, asks the network for
 * nothing and behaves the same on every machine. Variables of the caller that would change the outcome
 * (`PULUMI_*`, and `KACE_*`, which configure this provider) are left out.
 *
 * @example spawn(pulumi.command, ["up", "--yes"], { env: hermeticEnvironment({ command: pulumi.command, home, backend }) })
 */
export function hermeticEnvironment(options: Hermetic): NodeJS.ProcessEnv {
  const base = options.base ?? process.env;
  const kept = Object.entries(base).filter(([name]) => !/^(PULUMI|KACE)_/.test(name));
  return {
    ...Object.fromEntries(kept),
    PATH: `${dirname(options.command)}${delimiter}${base.PATH ?? ""}`,
    PULUMI_HOME: options.home,
    PULUMI_BACKEND_URL: `file://${options.backend}`,
    PULUMI_CONFIG_PASSPHRASE: options.passphrase ?? "correct horse battery staple",
    PULUMI_CREDENTIAL_STORE: "plaintext",
    PULUMI_SKIP_UPDATE_CHECK: "true",
    PULUMI_SKIP_CONFIRMATIONS: "true",
    PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
    PULUMI_DISABLE_REGISTRY_RESOLVE: "true",
  };
}
