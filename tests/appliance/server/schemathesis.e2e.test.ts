import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { operationNames } from "../../../provider/appliance/operations/table.ts";
import { run } from "../../../tools/process/run.ts";
import { pythonEnvironment } from "../../../tools/python/obtain.ts";
import { startTestServer, type TestServer } from "./running.ts";

const TIMEOUT_MS = 600_000;

/** Of each operation: a minute or so in all, which is little enough for every change. */
const EXAMPLES = 10;

/** How many calls were answered how. */
const answered = new Map<string, number>();

let folder: string;
let server: TestServer;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "schemathesis-"));
  const unlimited = { burst: 1_000_000, perSecond: 1_000_000 };
  server = await startTestServer({
    limits: { callsPerToken: unlimited, failedLogInsPerAddress: unlimited },
    onCall: ({ result }) => answered.set(result, (answered.get(result) ?? 0) + 1),
  });
}, TIMEOUT_MS);
afterAll(async () => {
  await server.remove();
  await rm(folder, { recursive: true, force: true });
}, TIMEOUT_MS);

describe("the API, fuzzed from its own description by schemathesis", { timeout: TIMEOUT_MS }, () => {
  it("answers whatever comes as it says that it would, fails at nothing, and lets nobody in without a token", async () => {
    const requirements = await readFile(new URL("./schemathesis.requirements.txt", import.meta.url), "utf8");
    const python = await pythonEnvironment("schemathesis", requirements, () => undefined);
    const [ca, settings] = [join(folder, "ca.pem"), join(folder, "schemathesis.toml")];
    await writeFile(ca, server.ca);
    // Not on the command line, where others could read the token.
    const authorization = `[headers]\nAuthorization = "Bearer ${await server.apiToken()}"\n`;
    await writeFile(settings, authorization, { mode: 0o600 });
    const { exitCode, output } = await run({
      program: join(dirname(python), "schemathesis"),
      args: [
        ...["--config-file", settings, "run", `${server.endpoint}/api/v1/openapi.json`],
        ...["--tls-verify", ca, "--phases", "fuzzing", "--max-examples", String(EXAMPLES)],
        ...["--checks", "not_a_server_error,status_code_conformance,content_type_conformance"],
        ...["--checks", "response_schema_conformance,ignored_auth"],
        ...["--seed", "1", "--generation-deterministic", "--no-shrink", "--continue-on-failure"],
        // One worker: what makes its inputs is not safe for several threads.
        ...["--suppress-health-check", "all", "--workers", "1", "--warnings", "off"],
      ],
      cwd: folder,
    });
    expect(exitCode, output).toBe(0);
    // It would have found nothing as well if it had called nothing, or nothing that is right.
    const [, tested = "0"] = /Tested: (\d+)/.exec(output) ?? [];
    expect(Number(tested)).toBeGreaterThanOrEqual(operationNames.length);
    expect(answered.get("ok") ?? 0, "calls that did something").toBeGreaterThan(0);
    expect(answered.get("invalid") ?? 0, "calls that were refused").toBeGreaterThan(0);
    // What it calls without a good token is said in the log, and is no fault.
    const faults = server.lines.filter((line) => !line.startsWith("refused a call of the API from 127.0.0.1: "));
    expect(faults, "faults of the server").toEqual([]);
  });
});
