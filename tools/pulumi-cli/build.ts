import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { obtainGo } from "../go/obtain.ts";
import { runOrThrow } from "../process/run.ts";
import { durationText, type Say, withHeartbeat } from "../process/say.ts";
import { PULUMI_VERSION } from "./versions.ts";

const HEARTBEAT_MS = 15_000;

/** What is built: the CLI, and the host that runs YAML programs, which it finds beside itself. */
const PACKAGES = {
  pulumi: "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi",
  "pulumi-language-yaml": "github.com/pulumi/pulumi-yaml/cmd/pulumi-language-yaml",
} as const;

/**
 * Builds the Pulumi CLI and its YAML host into `folder` from the Go modules that `go.mod` beside this file pins; their
 * sums are in `go.sum`. The first build on a machine takes about 5 minutes and 4 GB of Go's caches.
 * @throws Error when Go cannot be had or the build fails.
 */
export async function buildPulumi(folder: string, say: Say): Promise<void> {
  const go = await obtainGo(say);
  const module = import.meta.dirname;
  const started = Date.now();
  say(`building the Pulumi CLI ${PULUMI_VERSION} with Go ${go.version}: about 5 minutes, once on this machine`);
  await mkdir(folder, { recursive: true });

  let doing = "downloading Go modules";
  let compiled = 0;
  const progress = () => `still ${doing} (${durationText(Date.now() - started)} so far)`;
  const step = (args: readonly string[], onLine?: (line: string) => void) =>
    withHeartbeat(
      say,
      HEARTBEAT_MS,
      progress,
      runOrThrow({ program: go.command, args, cwd: module, env: go.env, ...(onLine === undefined ? {} : { onLine }) }),
    );

  // Listing the packages downloads exactly the modules they need, which are fewer than the go.mod's.
  const tags = ["-tags", "osusergo,grpcnotrace"];
  const listed = await step(["list", "-deps", ...tags, ...Object.values(PACKAGES)]);
  const total = listed.split("\n").length;

  for (const [name, path] of Object.entries(PACKAGES)) {
    const flags = `-s -w -X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=v${PULUMI_VERSION}`;
    doing = `compiling ${name}`;
    say(`compiling ${name} (up to ${total} packages)`);
    await step(["build", "-v", "-trimpath", ...tags, "-ldflags", flags, "-o", join(folder, name), path], (line) => {
      compiled += 1;
      doing = `compiling ${name}: package ${compiled} of at most ${total}, now ${line}`;
    });
  }
  say(`built the Pulumi CLI in ${durationText(Date.now() - started)}`);
}
