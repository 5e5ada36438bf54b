import {
  type AgentPackage,
  compareVersions,
  type Flavour,
  holderText,
  neededBytes,
  type Probe,
  packagesFor,
  serverText,
  supportOf,
  systemText,
} from "../../agent/agent.ts";
import type { LinuxRequirement, RequirementLine } from "./requirement.ts";

/** What is to be installed, as far as it is known. */
export interface WantedAgent {
  readonly flavour: Flavour;
  /** Absent: the newest of the packages. */
  readonly version?: string | undefined;
  /** Absent where no bundle is named. */
  readonly packages?: readonly AgentPackage[] | undefined;
  readonly server?: { readonly host: string; readonly port: number } | undefined;
}

/** A machine that was looked at. */
export interface SeenMachine {
  readonly probe: Probe;
  /** Why it could not be looked at as root, where that is so. */
  readonly privilegeFault?: { readonly message: string; readonly hint?: string | undefined } | undefined;
  /** When the look began and ended by the clock here, in seconds since 1970. */
  readonly lookedFromSeconds: number;
  readonly lookedUntilSeconds: number;
  /** What people call a configuration of this id; where it is not known, they get the id. */
  readonly configurationName?: ((id: string) => string | undefined) | undefined;
}

type Line = RequirementLine<LinuxRequirement>;

/** Certificates and tokens are dated: a clock that is wrong by more than this is put right first, as Kerberos asks too. */
const MAX_SKEW_SECONDS = 300;
const MEBIBYTE = 1024 * 1024;

/** The commands by which a person sees a requirement on a machine that could not be looked at. */
const COMMANDS: Readonly<Partial<Record<LinuxRequirement, string>>> = {
  root: "sudo -l",
  "supported-os": "cat /etc/os-release",
  architecture: "uname -m",
  "package-tool": "command -v dpkg rpm tar",
  "package-lock": "cat /proc/locks",
  "service-manager": "ls -d /run/systemd/system",
  disk: "df -h /var/tmp /opt",
  executable: "findmnt -T /opt -o OPTIONS",
  clock: "date -u",
  "server-name": "getent hosts <server>",
  "server-port": "bash -c ': </dev/tcp/<server>/<port>'",
  "old-agent": "ls -d /opt/kace-reference /opt/quest/kace",
};

/** A requirement that was not measured, with the command that shows it. */
export function notMeasured(requirement: LinuxRequirement, message: string): Line {
  return { requirement, state: "not-measured", message, command: COMMANDS[requirement] };
}

/** How a machine that was looked at stands, from `root` on; pure. */
export function linuxLines(seen: SeenMachine, wanted: WantedAgent): readonly Line[] {
  const { probe } = seen;
  return [
    rootLine(seen),
    systemLine(probe, wanted),
    architectureLine(probe, wanted),
    packageToolLine(probe),
    packageLockLine(seen),
    serviceManagerLine(probe),
    diskLine(probe, wanted),
    executableLine(probe),
    clockLine(seen),
    ...serverLines(probe, wanted),
    oldAgentLine(seen, wanted),
  ];
}

function met(requirement: LinuxRequirement, message: string): Line {
  return { requirement, state: "met", message };
}

function notMet(requirement: LinuxRequirement, message: string, repair: string): Line {
  return { requirement, state: "not-met", message, repair };
}

function rootLine({ probe, privilegeFault }: SeenMachine): Line {
  if (probe.privilege === "root") return met("root", "the log-in is root, or becomes it");
  return notMet(
    "root",
    privilegeFault?.message ?? "the log-in is not root",
    privilegeFault?.hint ?? "log in as root, or give the user sudo and say so with `become`",
  );
}

function versionOf({ version, packages = [] }: WantedAgent): string | undefined {
  return (
    version ??
    packages
      .map((one) => one.version)
      .sort(compareVersions)
      .at(-1)
  );
}

function systemLine({ os }: Probe, wanted: WantedAgent): Line {
  const { flavour } = wanted;
  const requirement = "supported-os";
  const system = systemText(os);
  if (os.platform !== "linux")
    return notMet(requirement, `the machine runs ${os.platform}`, `the ${flavour.title} is installed on Linux only`);
  if (os.libc !== "unknown" && !flavour.libc.includes(os.libc))
    return notMet(
      requirement,
      `${system} has ${os.libc}`,
      `the ${flavour.title} needs ${flavour.libc.join(" or ")}: leave the machine out`,
    );
  const version = versionOf(wanted);
  const support = supportOf(flavour.support, version, os);
  const agent = version === undefined ? flavour.title : `${flavour.title} ${version}`;
  switch (support.kind) {
    case "supported":
      return met(requirement, `${system}: the ${agent} is made for ${support.row.system}`);
    case "unsupported":
      return notMet(
        requirement,
        `${system}: the ${agent} is made for ${support.rows.map((row) => row.system).join("; ")} (${support.source})`,
        "leave the machine out, choose another version of the agent, or set `allowUnsupported`",
      );
    default:
      return {
        ...notMeasured(
          requirement,
          version === undefined
            ? `${system}: which systems the ${agent} is made for depends on its version, and none was given`
            : `${system}: no table says which systems the ${agent} is made for`,
        ),
        repair:
          version === undefined
            ? "name the version of the agent, or a bundle of it"
            : "see the release notes of that version",
      };
  }
}

function architectureLine({ os }: Probe, { flavour, packages }: WantedAgent): Line {
  const requirement = "architecture";
  if (packages === undefined)
    return notMeasured(
      requirement,
      `the processor is ${os.architecture}; no bundle was named to look for a package in`,
    );
  const [best] = packagesFor(packages, os, flavour);
  if (best !== undefined) return met(requirement, `${os.architecture}: ${best.fileName} fits`);
  const format = os.family === "rpm" ? ".rpm" : os.family === "debian" ? ".deb" : ".tar.gz";
  return notMet(
    requirement,
    `the bundle has no package for ${os.platform}/${os.architecture} (${os.family})`,
    `add a ${format} for ${os.architecture} to the bundle`,
  );
}

function packageToolLine({ os, prerequisites }: Probe): Line {
  const requirement = "package-tool";
  if (os.family === "debian") return met(requirement, "packages are installed by dpkg");
  if (os.family === "rpm") return met(requirement, "packages are installed by rpm");
  const tools = prerequisites?.tools ?? [];
  if (tools.includes("tar") && tools.includes("gzip"))
    return met(requirement, "there is neither dpkg nor rpm: an archive is unpacked by tar");
  return notMet(
    requirement,
    "there is neither dpkg nor rpm, nor tar and gzip to unpack an archive",
    "install tar and gzip",
  );
}

function packageLockLine({ probe: { lock, prerequisites }, configurationName }: SeenMachine): Line {
  const requirement = "package-lock";
  if (lock !== undefined)
    return notMet(
      requirement,
      holderText(lock, (id) => configurationName?.(id) ?? id),
      "wait for its end",
    );
  const held = prerequisites?.packageLock;
  if (held === undefined) return notMeasured(requirement, "the machine does not tell who holds locks");
  if (held === "free") return met(requirement, "nothing else is using the package manager");
  return notMet(
    requirement,
    `process ${held.pid}${held.program === undefined ? "" : ` (${held.program})`} is using the package manager`,
    "wait for its end; an installation waits for it too, as long as `agent.installTimeout`",
  );
}

function serviceManagerLine({ init }: Probe): Line {
  const requirement = "service-manager";
  if (init === "systemd") return met(requirement, "systemd runs services");
  if (init === "sysv") return met(requirement, "the scripts of /etc/init.d run services");
  return notMet(
    requirement,
    "there is no service manager that the agent could be started by",
    "run systemd or a System V init on the machine; a container mostly has neither",
  );
}

function diskLine({ os, disk }: Probe, { flavour, packages = [], version }: WantedAgent): Line {
  const requirement = "disk";
  const fitting = packagesFor(packages, os, flavour);
  const chosen =
    fitting.find((one) => version === undefined || compareVersions(one.version, version) === 0) ?? fitting[0];
  const needed = neededBytes(chosen === undefined ? [] : [chosen], undefined);
  const places = [
    ["/var/tmp", disk.stagingFreeBytes],
    ["/opt", disk.installFreeBytes],
  ] as const;
  if (places.every(([, free]) => free === undefined))
    return notMeasured(requirement, "the machine does not tell how much room it has");
  const full = places.find(([, free]) => free !== undefined && free < needed);
  const mebibytes = (bytes: number) => `${Math.floor(bytes / MEBIBYTE)} MiB`;
  if (full === undefined)
    return met(
      requirement,
      places.flatMap(([place, free]) => (free === undefined ? [] : `${place} has ${mebibytes(free)} free`)).join(", "),
    );
  const [place, free = 0] = full;
  return notMet(
    requirement,
    `${place} has ${mebibytes(free)} free, ${mebibytes(needed)} are needed`,
    `make room on the file system of ${place}`,
  );
}

function executableLine({ prerequisites }: Probe): Line {
  const requirement = "executable";
  const { installMount, stagingMount } = prerequisites ?? {};
  if (installMount === undefined && stagingMount === undefined)
    return notMeasured(requirement, "the machine does not tell how its file systems are mounted");
  const shut = [
    ["/opt", installMount],
    ["/var/tmp", stagingMount],
  ] as const;
  const places = shut.flatMap(([place, options]) => (options?.includes("noexec") === true ? [place] : []));
  if (places.length === 0) return met(requirement, "programs can be started from /opt and /var/tmp");
  return notMet(
    requirement,
    `nothing can be started from ${places.join(" and ")}: the file system is mounted with noexec`,
    places.map((place) => `mount -o remount,exec $(findmnt -n -o TARGET -T ${place})`).join(" && "),
  );
}

function clockLine({ probe, lookedFromSeconds, lookedUntilSeconds }: SeenMachine): Line {
  const requirement = "clock";
  const its = probe.prerequisites?.clockSeconds;
  if (its === undefined) return notMeasured(requirement, "the machine does not tell its time");
  // What the way took says nothing about its clock.
  const behind = lookedFromSeconds - its;
  const ahead = its - lookedUntilSeconds;
  const skew = Math.round(Math.max(behind, ahead, 0));
  if (skew <= MAX_SKEW_SECONDS) return met(requirement, "its clock agrees with the one here");
  return notMet(
    requirement,
    `its clock is ${skew} s ${behind > ahead ? "behind" : "ahead"} of the one here; certificates and tokens need it right to ${MAX_SKEW_SECONDS} s`,
    "let it be set by NTP: `timedatectl set-ntp true`",
  );
}

function serverLines({ server: seen }: Probe, { server }: WantedAgent): readonly Line[] {
  if (server === undefined) {
    const why = "no server was named, and none ever ran on this appliance";
    return [notMeasured("server-name", why), notMeasured("server-port", why)];
  }
  const { host } = server;
  const place = serverText(server);
  const fill = (line: Line): Line => ({
    ...line,
    command: line.command?.replaceAll("<server>", host).replaceAll("<port>", String(server.port)),
  });
  const name =
    seen.resolves === "yes"
      ? met("server-name", `the machine resolves ${host}`)
      : seen.resolves === "no"
        ? notMet(
            "server-name",
            `the machine does not resolve ${host}`,
            "enter the name in the DNS that the machine uses, or use a server name that it knows",
          )
        : fill(notMeasured("server-name", "the machine has no tool to look names up"));
  const port =
    seen.reachable === "yes"
      ? met("server-port", `the machine reaches ${place}`)
      : seen.reachable === "no"
        ? notMet(
            "server-port",
            `the machine cannot connect to ${place}`,
            "let the firewalls between them pass it, and see that the server is running",
          )
        : fill(
            notMeasured(
              "server-port",
              seen.resolves === "no" ? "its name is not resolved" : "the machine has no tool to try it",
            ),
          );
  return [name, port];
}

function oldAgentLine(
  { probe: { agents, receipt, privilege }, configurationName }: SeenMachine,
  { flavour }: WantedAgent,
): Line {
  const requirement = "old-agent";
  if (privilege !== "root") return notMeasured(requirement, "only root sees all of an agent");
  const there = agents.filter(({ present }) => present !== "no");
  const other = there.find((agent) => agent.flavour !== flavour.name);
  if (other !== undefined)
    return notMet(
      requirement,
      `an agent of another kind is there: ${other.flavour} ${other.version ?? "of an unknown version"}`,
      `remove it, or install from a bundle of \`${other.flavour}\``,
    );
  const [own] = there;
  if (own === undefined) return met(requirement, "no agent is there");
  if (own.present === "broken")
    return notMet(
      requirement,
      "an agent is there that is not whole",
      "run `pulumi up`, which repairs it, or remove it",
    );
  const owner = receipt === undefined || receipt === "unreadable" ? undefined : receipt.configurationId;
  return met(
    requirement,
    `version ${own.version ?? "unknown"} is there${owner === undefined ? "" : `, looked after by the configuration ${configurationName?.(owner) ?? owner}`}`,
  );
}
