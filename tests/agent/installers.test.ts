import { expect, test } from "vitest";
import { readPackageName } from "../../provider/agent/agent.ts";
import { type InstallerForm, quoted } from "../../provider/agent/installers/form.ts";
import { installerForms } from "../../provider/agent/installers/forms.ts";

const HOST = "kbox.corp.example";
const TOKEN = "t0ken-canary";

function formsOf(
  fileName: string,
  more: { token?: string | undefined; port?: number; host?: string; ca?: boolean } = {},
) {
  const read = readPackageName(fileName);
  if (read === undefined) throw new Error(`${fileName} is no package`);
  const { token = TOKEN, port = read.flavour.defaultPort, host = HOST, ca = false } = more;
  return installerForms(read.flavour.name, {
    package: read.named,
    host,
    port,
    token: "token" in more ? more.token : token,
    hasCaFile: ca,
  });
}

function form(fileName: string, which: InstallerForm["form"], more: Parameters<typeof formsOf>[1] = {}): InstallerForm {
  const ways = formsOf(fileName, more);
  const found = "forms" in ways ? ways.forms.find((one) => one.form === which) : undefined;
  if (found === undefined) throw new Error(`${fileName} has no ${which}`);
  return found;
}

const DEB = "kace-reference-agent_1.4.2_amd64.deb";

test.each([
  [DEB, "environment", [`KACE_SERVER='${HOST}:8443' KACE_TOKEN='${TOKEN}' dpkg -i './${DEB}'`]],
  [DEB, "fileName", [`dpkg -i './kace-reference-agent_1.4.2_amd64_${HOST}~8443+${TOKEN}.deb'`]],
  [
    "kace-reference-agent-1.4.2-1.x86_64.rpm",
    "fileName",
    [`rpm -U './kace-reference-agent-1.4.2-1.x86_64_${HOST}~8443+${TOKEN}.rpm'`],
  ],
  [
    "kace-reference-agent-1.4.2-linux-amd64.tar.gz",
    "fileName",
    [
      `tar -xzf './kace-reference-agent-1.4.2-linux-amd64_${HOST}~8443+${TOKEN}.tar.gz' -C /`,
      `sh /opt/kace-reference/install.sh './kace-reference-agent-1.4.2-linux-amd64_${HOST}~8443+${TOKEN}.tar.gz'`,
    ],
  ],
  [
    "ampagent-14.1.19.ubuntu.64.deb",
    "fileName",
    [`dpkg -i './ampagent-14.1.19.ubuntu.64_${HOST}+${TOKEN}.deb'`, "systemctl enable konea"],
  ],
  [
    "ampagent-14.1.19.ubuntu.64.deb",
    "environment",
    [
      `KACE_SERVER='${HOST}' KACE_TOKEN='${TOKEN}' dpkg -i './ampagent-14.1.19.ubuntu.64.deb'`,
      "systemctl enable konea",
    ],
  ],
  [
    "ampagent-14.1.19-x64.msi",
    "arguments",
    [`start /wait msiexec.exe /qn /norestart /i "ampagent-14.1.19-x64.msi" HOST=${HOST} TOKEN=${TOKEN}`],
  ],
  [
    "ampagent-14.1.19-x64.msi",
    "fileName",
    [`start /wait msiexec.exe /qn /norestart /i "ampagent-14.1.19-x64_${HOST}+${TOKEN}.msi"`],
  ],
  [
    "ampagent-14.1.19-all.dmg",
    "environment",
    [
      "hdiutil attach -mountpoint /Volumes/kace './ampagent-14.1.19-all.dmg'",
      `KACE_SERVER='${HOST}' KACE_TOKEN='${TOKEN}' installer -pkg /Volumes/kace/AMPAgent.pkg -target /`,
      "hdiutil detach /Volumes/kace",
    ],
  ],
] as const)("%s by %s is installed by these words", (fileName, which, commands) => {
  expect(form(fileName, which).commands).toEqual(commands);
});

test("a name that holds server and token is read as the same package, without them", () => {
  for (const fileName of [DEB, "ampagent-14.1.19.ubuntu.64.deb", "ampagent-14.1.19-x64.msi"]) {
    const named = form(fileName, "fileName").fileName;
    expect(named).toContain(TOKEN);
    expect(readPackageName(named)?.named.fileName).toBe(fileName);
  }
});

test("the reference agent's arguments hold no token: it goes over stdin, and the authority by its file", () => {
  const { commands } = form(DEB, "arguments", { ca: true });
  expect(commands[1]).toBe(
    `printf %s '${TOKEN}' | /opt/kace-reference/bin/kace-agent configure --server '${HOST}:8443' --token-file - --ca-file kace-ca.pem`,
  );
  expect(form(DEB, "environment", { ca: true }).commands[0]).toContain('KACE_CA_FILE="$PWD/kace-ca.pem"');
});

test("without a token nothing speaks of one", () => {
  const ways = [DEB, "ampagent-14.1.19.ubuntu.64.deb", "ampagent-14.1.19-x64.msi"].map((fileName) =>
    formsOf(fileName, { token: undefined }),
  );
  expect(
    JSON.stringify(ways.map((one) => ("forms" in one ? one.forms.map(({ commands }) => commands) : one))),
  ).not.toMatch(/token/i);
});

test("what cannot stand in a file name, or be told to the vendor's agent, is not offered", () => {
  const slashed = formsOf(DEB, { token: "with/a/slash" });
  expect("forms" in slashed && slashed.forms.map((one) => one.form)).toEqual(["environment", "arguments"]);
  expect(formsOf("ampagent-14.1.19.ubuntu.64.deb", { port: 8443 })).toEqual({
    refused: "the vendor's agent connects to port 443 only, and the server's is 8443",
  });
  expect(formsOf("ampagent-14.1.19.ubuntu.64.deb", { host: "2001:db8::1" })).toHaveProperty("refused");
  expect(
    installerForms("bench", { ...PACKAGE, host: HOST, port: 1, token: undefined, hasCaFile: false }),
  ).toHaveProperty("refused");
});

const PACKAGE = { package: { fileName: DEB, platform: "linux", format: "deb" } } as const;

test.each([
  ["plain", "'plain'"],
  ["it's", "'it'\\''s'"],
  ["$(reboot) `id` \\", "'$(reboot) `id` \\'"],
])("%j is one word of a shell", (text, word) => {
  expect(quoted(text)).toBe(word);
});
