import type { Machine } from "../machines/machine.ts";
import { MarkedLines } from "./lines.ts";
import { parseProbe } from "./parse-probe.ts";
import { parsePrerequisites } from "./prerequisite-facts.ts";
import type { Probe, ProbeRequest } from "./probe.ts";
import { probeScript } from "./scripts.ts";
import { serverText } from "./server.ts";

/**
 * Looks at a machine: one script, one round trip, nothing written. What an odd machine does not say is `unknown`.
 * @throws MachineError those of `runScript`: `no-privilege` and `sudo-password` among them, where root is asked for
 * @example const looked = await probe(machine, { flavours: [FLAVOURS.reference], configurationId: "c1" });
 */
export async function probe(machine: Machine, request: ProbeRequest): Promise<Probe> {
  const ended = await machine.runScript({
    script: probeScript(
      request.flavours.map((flavour) => flavour.script),
      { withPrerequisites: request.prerequisites },
    ),
    variables: probeVariables(request),
    privileged: request.privileged ?? true,
    signal: request.signal,
    ...(request.timeoutMs === undefined ? {} : { timeoutMs: request.timeoutMs }),
  });
  const lines = MarkedLines.of(ended.stdout);
  const seen = parseProbe(
    lines,
    request.flavours.map((flavour) => flavour.name),
  );
  return request.prerequisites === true ? { ...seen, prerequisites: parsePrerequisites(lines) } : seen;
}

/** The server under the name that agents take up by themselves. */
function canonicalText(server: ProbeRequest["server"]): string {
  return server?.canonicalHost === undefined ? "" : serverText({ host: server.canonicalHost, port: server.port });
}

/** What `look.sh` reads. */
export function probeVariables(request: Pick<ProbeRequest, "flavours" | "server">): Record<string, string> {
  return {
    PK_FLAVOURS: request.flavours.map((flavour) => flavour.name).join(" "),
    PK_HOST: request.server?.host ?? "",
    PK_SERVER: request.server === undefined ? "" : serverText(request.server),
    PK_SERVER_TOO: canonicalText(request.server),
    PK_PORT: request.server === undefined ? "" : String(request.server.port),
  };
}
