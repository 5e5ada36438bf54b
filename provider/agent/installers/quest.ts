import { fitsFileName, type InstallerAsked, type InstallerForm, quoted } from "./form.ts";

const LINUX_TOOLS = "/opt/quest/kace/bin/AMPTools";
const MAC_TOOLS = "'/Library/Application Support/Quest/KACE/bin/AMPTools'";
const SHOWN = "the token stands in the process list while the command runs";

/** The ways of the vendor's agent, as the vendor's own scripts and administrators use them. It knows no port but its own. */
export function questForms(asked: InstallerAsked): readonly InstallerForm[] {
  const { platform } = asked.package;
  if (platform === "windows") return [...byFileName(asked), byMsi(asked)];
  if (platform === "darwin") return [byMacEnvironment(asked), byTools(asked, MAC_TOOLS)];
  if (asked.package.format === "tar.gz") return [byTools(asked, LINUX_TOOLS)];
  return [...byFileName(asked), byLinuxEnvironment(asked), byTools(asked, LINUX_TOOLS)];
}

function byFileName({ package: one, host, token }: InstallerAsked): InstallerForm[] {
  if (![host, ...(token === undefined ? [] : [token])].every(fitsFileName)) return [];
  const ending = `.${one.format}`;
  const fileName = `${one.fileName.slice(0, -ending.length)}_${host}${token === undefined ? "" : `+${token}`}${ending}`;
  const commands =
    one.format === "msi"
      ? [`start /wait msiexec.exe /qn /norestart /i "${fileName}"`]
      : [installed(one.format, fileName), "systemctl enable konea"];
  return [{ form: "fileName", fileName, commands, note: "whoever sees the name of the file has the token" }];
}

function installed(format: string, fileName: string): string {
  return format === "rpm" ? `rpm -Uvh ${quoted(`./${fileName}`)}` : `dpkg -i ${quoted(`./${fileName}`)}`;
}

function variables({ host, token }: InstallerAsked): string {
  return `KACE_SERVER=${quoted(host)}${token === undefined ? "" : ` KACE_TOKEN=${quoted(token)}`}`;
}

function byLinuxEnvironment(asked: InstallerAsked): InstallerForm {
  const { fileName, format } = asked.package;
  const commands = [`${variables(asked)} ${installed(format, fileName)}`, "systemctl enable konea"];
  return { form: "environment", fileName, commands };
}

function byMacEnvironment(asked: InstallerAsked): InstallerForm {
  const { fileName, format } = asked.package;
  const install = (path: string) => `${variables(asked)} installer -pkg ${path} -target /`;
  if (format === "pkg") return { form: "environment", fileName, commands: [install(quoted(`./${fileName}`))] };
  return {
    form: "environment",
    fileName,
    commands: [
      `hdiutil attach -mountpoint /Volumes/kace ${quoted(`./${fileName}`)}`,
      install("/Volumes/kace/AMPAgent.pkg"),
      "hdiutil detach /Volumes/kace",
    ],
  };
}

function byTools(asked: InstallerAsked, tools: string): InstallerForm {
  const { host, token, package: one } = asked;
  const before =
    one.platform === "darwin"
      ? byMacEnvironment({ ...asked, token: undefined }).commands
      : one.format === "tar.gz"
        ? [
            `tar -xzf ${quoted(`./${one.fileName}`)} -C /`,
            "/opt/quest/kace/bin/AMPAgentBootup start",
            "/opt/quest/kace/bin/AMPctl start",
          ]
        : [installed(one.format, one.fileName)];
  const settings = [`host=${quoted(host)}`, ...(token === undefined ? [] : [`token=${quoted(token)}`])];
  return {
    form: "arguments",
    fileName: one.fileName,
    commands: [...before, `${tools} set ${settings.join(" ")}`],
    note: SHOWN,
  };
}

function byMsi({ host, token, package: { fileName } }: InstallerAsked): InstallerForm {
  return {
    form: "arguments",
    fileName,
    commands: [
      `start /wait msiexec.exe /qn /norestart /i "${fileName}" HOST=${host}${token === undefined ? "" : ` TOKEN=${token}`}`,
    ],
    note: `${SHOWN}, and in the installer's log where one is asked for`,
  };
}
