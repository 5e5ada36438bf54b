import { serverText } from "../server.ts";
import { CA_FILE, fitsFileName, type InstallerAsked, type InstallerForm, quoted } from "./form.ts";

const AGENT = "/opt/kace-reference/bin/kace-agent";
const INSTALL = "sh /opt/kace-reference/install.sh";

/** The ways of the agent of this project; see docs/agent.md. */
export function referenceForms(asked: InstallerAsked): readonly InstallerForm[] {
  return [byEnvironment(asked), ...byFileName(asked), byArguments(asked)];
}

/** What installs a package: the words, which may be told something by their environment, and what comes before. */
function installation({ format }: InstallerAsked["package"], file: string): { before: string[]; words: string } {
  if (format === "deb") return { before: [], words: `dpkg -i ${quoted(`./${file}`)}` };
  if (format === "rpm") return { before: [], words: `rpm -U ${quoted(`./${file}`)}` };
  return { before: [`tar -xzf ${quoted(`./${file}`)} -C /`], words: INSTALL };
}

function byEnvironment({ package: one, host, port, token, hasCaFile }: InstallerAsked): InstallerForm {
  const { before, words } = installation(one, one.fileName);
  const variables = [
    `KACE_SERVER=${quoted(serverText({ host, port }))}`,
    ...(token === undefined ? [] : [`KACE_TOKEN=${quoted(token)}`]),
    ...(hasCaFile ? [`KACE_CA_FILE="$PWD/${CA_FILE}"`] : []),
  ];
  return {
    form: "environment",
    fileName: one.fileName,
    commands: [...before, `${variables.join(" ")} ${words}`],
    note: "the environment of a process of root can be read by root only; typed into a shell, the line is in its history",
  };
}

function byFileName(asked: InstallerAsked): InstallerForm[] {
  const { package: one, host, port, token } = asked;
  if (![host, ...(token === undefined ? [] : [token])].every(fitsFileName) || host.includes("_")) return [];
  const ending = `.${one.format}`;
  const parameters = `_${host}~${port}${token === undefined ? "" : `+${token}`}`;
  const fileName = `${one.fileName.slice(0, -ending.length)}${parameters}${ending}`;
  const { before, words } = installation(one, fileName);
  return [
    {
      form: "fileName",
      fileName,
      commands: [...before, one.format === "tar.gz" ? `${words} ${quoted(`./${fileName}`)}` : words],
      note: `whoever sees the name of the file has the token; the authority, where there is one, is taken from ${CA_FILE} beside the package`,
    },
  ];
}

function byArguments({ package: one, host, port, token, hasCaFile }: InstallerAsked): InstallerForm {
  const { before, words } = installation(one, one.fileName);
  const configure = [
    `${AGENT} configure --server ${quoted(serverText({ host, port }))}`,
    ...(token === undefined ? [] : ["--token-file -"]),
    ...(hasCaFile ? [`--ca-file ${CA_FILE}`] : []),
  ].join(" ");
  return {
    form: "arguments",
    fileName: one.fileName,
    commands: [
      ...before,
      words,
      token === undefined ? configure : `printf %s ${quoted(token)} | ${configure}`,
      "if [ -d /run/systemd/system ]; then systemctl start kace-reference-agent; else /etc/init.d/kace-reference-agent start; fi",
    ],
    note: "the token goes over stdin, so that it stands in no process list",
  };
}
