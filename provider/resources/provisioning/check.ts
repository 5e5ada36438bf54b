import { isIP } from "node:net";
import { sameVersion } from "../../agent/versions.ts";
import type { PreviewOf } from "../../kit/define/plain.ts";
import type { Finding } from "../../kit/define/resource.ts";
import { Unknown } from "../../kit/define/value.ts";
import { checkPrivateKey } from "../../machines/ssh/private-key.ts";
import { describeTargetProblem, parseTargets } from "../../rollout/targets/parse-targets.ts";
import { sizeProblem } from "../../rollout/targets/size.ts";
import { type Inputs, targetSpecOf } from "./inputs.ts";
import { installs } from "./presence.ts";

type Given = PreviewOf<Inputs>;

/** The rules of a `ProvisioningConfig` that concern more than one property, or need a closer look at one. */
export async function checkProvisioning(inputs: Given): Promise<Finding[]> {
  return [
    ...platformFindings(inputs),
    ...targetFindings(inputs),
    ...agentFindings(inputs),
    ...serverFindings(inputs),
    ...scheduleFindings(inputs),
    ...(await credentialFindings(inputs)),
  ];
}

function platformFindings({ linux }: Given): Finding[] {
  if (linux !== undefined) return [];
  return [
    {
      path: ["linux"],
      reason:
        "there is no section for any platform: add `linux` with a `username` and a `password`, `privateKey` or `agentSocket`, so that machines can be logged in to",
    },
  ];
}

function targetFindings({ targets, allowLarge }: Given): Finding[] {
  const spec = targetSpecOf(targets);
  if (spec === undefined || allowLarge instanceof Unknown) return [];
  const parsed = parseTargets(spec);
  if (!parsed.ok) return []; // said at each item already
  const problem = sizeProblem(parsed.targets, { allowLarge });
  return problem === undefined ? [] : [{ path: problem.path, reason: describeTargetProblem(problem) }];
}

function agentFindings(inputs: Given): Finding[] {
  const { agent } = inputs;
  if (agent instanceof Unknown) return [];
  const findings: Finding[] = [];
  if (installs(inputs) === true && agent?.bundle === undefined)
    findings.push({
      path: ["agent", "bundle"],
      reason:
        "expected the id of the `AgentBundle` to install from; only a configuration that removes agents needs none",
    });
  if (agent?.exact === true && agent.version === undefined)
    findings.push({ path: ["agent", "version"], reason: "expected the version that `exact` is about" });
  const version = agent?.version;
  const denied = agent?.deniedVersions;
  if (
    denied !== undefined &&
    !(denied instanceof Unknown) &&
    typeof version === "string" &&
    denied.some((one) => typeof one === "string" && sameVersion(one, version))
  )
    findings.push({ path: ["agent", "version"], reason: "is one of `agent.deniedVersions`" });
  return findings;
}

function serverFindings({ server }: Given): Finding[] {
  if (server === undefined || server instanceof Unknown || typeof server.name !== "string") return [];
  const { name } = server;
  const bare = name.replace(/^\[(.*)\]$/, "$1");
  if (isIP(bare) !== 0)
    return [
      {
        path: ["server", "name"],
        severity: "warning",
        reason: `${bare} is an address: the appliance replaces it by its Web server name sooner or later, and agents that cannot resolve that name are lost then; give the Web server name instead`,
      },
    ];
  if (/^localhost$|\.localhost$|^localhost\./i.test(name))
    return [
      {
        path: ["server", "name"],
        severity: "warning",
        reason: `on every machine ${name} means that machine itself, so agents would look for their server there; give the name that all of them reach the server by`,
      },
    ];
  return [];
}

/** Nobody is logged in when a scheduled run begins, so that there is no ssh agent to ask. */
function scheduleFindings({ schedule, linux }: Given): Finding[] {
  if (schedule === undefined || linux === undefined || linux instanceof Unknown) return [];
  const jumps = linux.jumpHosts instanceof Unknown ? [] : linux.jumpHosts;
  const logIns = [
    { at: ["linux"], logIn: linux },
    ...jumps.map((logIn, index) => ({ at: ["linux", "jumpHosts", index], logIn })),
  ];
  return logIns.flatMap(({ at, logIn }) => {
    if (logIn instanceof Unknown) return [];
    const { agentSocket, password, privateKey } = logIn;
    if (agentSocket === undefined || password !== undefined || privateKey !== undefined) return [];
    const reason =
      "an ssh agent cannot serve a `schedule`: it is gone when nobody is logged in; give `privateKey` or `password`, or leave the schedule out";
    return [{ path: [...at, "agentSocket"], reason }];
  });
}

async function credentialFindings({ linux }: Given): Promise<Finding[]> {
  if (linux === undefined || linux instanceof Unknown) return [];
  const { password, privateKey, passphrase, agentSocket } = linux;
  if (password === undefined && privateKey === undefined && agentSocket === undefined)
    return [
      {
        path: ["linux"],
        severity: "warning",
        reason:
          "there is nothing to log in with: give `password`, `privateKey` or `agentSocket` before machines are to be contacted",
      },
    ];
  if (privateKey === undefined)
    return passphrase === undefined
      ? []
      : [{ path: ["linux", "passphrase"], reason: "there is no `privateKey` that it opens" }];
  if (privateKey instanceof Unknown || passphrase instanceof Unknown) return [];
  const fault = await checkPrivateKey(privateKey, passphrase);
  if (fault === undefined) return [];
  const isPassphrase = fault.fault === "wrong-passphrase" || fault.fault === "needs-passphrase";
  return [{ path: ["linux", isPassphrase ? "passphrase" : "privateKey"], reason: fault.message }];
}
