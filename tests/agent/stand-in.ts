import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { chmod, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import type { AgentPackage } from "../../provider/agent/agent.ts";
import type { ByteSource } from "../../provider/machines/machine.ts";

const run = promisify(execFile);

/** How a package misbehaves. */
export type Misbehaviour = "exits-1" | "hangs" | "kills-connection" | "service-fails" | "reboots" | "waits";

const POSTINST: Readonly<Record<Misbehaviour, string>> = {
  "exits-1": "echo 'the stand-in refuses to be installed'\nexit 1",
  // A grandchild, so that only ending the whole group ends it.
  hangs: "sh -c 'sleep 100000' </dev/null\n",
  "kills-connection": "pkill -KILL -f '^sshd(-session)?: root' || true\nsleep 2",
  "service-fails": "",
  reboots: "systemctl reboot\nsleep 100000",
  // Until the test lets it go on: `Site.hold` and `Site.release`.
  waits: "while [ -e /run/stand-in-hold ]; do sleep 0.3; done",
};

const UNIT = (start: string): string => `[Unit]
Description=Stand-in of the KACE reference agent

[Service]
ExecStart=${start}
Restart=on-failure
RestartSec=1

[Install]
WantedBy=multi-user.target
`;

/** A .deb with the reference agent's name and files, and a program of the tests in its place. */
export async function standInPackage(
  folder: string,
  version: string,
  misbehaviour?: Misbehaviour,
): Promise<{ readonly package: AgentPackage; readonly path: string }> {
  const root = join(folder, `${version}-${misbehaviour ?? "well"}`);
  const program = join(root, "opt/kace-reference/bin/kace-agent");
  const write = async (path: string, content: string | Buffer, mode = 0o644): Promise<void> => {
    await mkdir(join(path, ".."), { recursive: true });
    await writeFile(path, content);
    await chmod(path, mode);
  };
  await write(program, await readFile(new URL("./stand-in-agent.sh", import.meta.url)), 0o755);
  await write(join(root, "opt/kace-reference/VERSION"), `${version}\n`);
  // A hundred and some kibibytes that do not compress, so that the upload takes several packets.
  await write(join(root, "opt/kace-reference/ballast"), ballast(150_000));
  const start = misbehaviour === "service-fails" ? "/bin/false" : "/opt/kace-reference/bin/kace-agent run";
  await write(join(root, "lib/systemd/system/kace-reference-agent.service"), UNIT(start));
  const control = `Package: kace-reference-agent\nVersion: ${version}\nArchitecture: amd64\nMaintainer: nobody <nobody@example.com>\nDescription: stand-in of the KACE reference agent, for tests only\n`;
  await write(join(root, "DEBIAN/control"), control);
  const counted = `echo "$1 ${version}" >>/var/log/stand-in-installs\n`;
  const extra = misbehaviour === undefined ? "" : POSTINST[misbehaviour];
  await write(
    join(root, "DEBIAN/postinst"),
    `#!/bin/sh\nset -e\n${counted}${extra}\nsystemctl enable kace-reference-agent || true\n`,
    0o755,
  );
  await write(
    join(root, "DEBIAN/prerm"),
    '#!/bin/sh\n[ "$1" != remove ] || systemctl disable --now kace-reference-agent || true\n',
    0o755,
  );
  await write(
    join(root, "DEBIAN/postrm"),
    '#!/bin/sh\n[ "$1" != purge ] || rm -rf /etc/kace-reference /var/lib/kace-reference /var/log/kace-reference\n',
    0o755,
  );
  const path = join(folder, `kace-reference-agent_${version}_amd64${misbehaviour ?? ""}.deb`);
  await run("dpkg-deb", ["--root-owner-group", "-b", root, path]);
  const bytes = await readFile(path);
  return {
    path,
    package: {
      fileName: `kace-reference-agent_${version}_amd64.deb`,
      platform: "linux",
      architecture: "amd64",
      format: "deb",
      version,
      sha256: createHash("sha256").update(bytes).digest("hex"),
      sizeBytes: bytes.length,
    },
  };
}

/** The bytes of a file as a machine takes them. */
export function sourceOf(path: string, { sha256, sizeBytes }: AgentPackage): ByteSource {
  return { sha256, sizeBytes, open: () => createReadStream(path) };
}

function ballast(bytes: number): Buffer {
  const blocks: Buffer[] = [];
  for (let index = 0; index * 32 < bytes; index++) blocks.push(createHash("sha256").update(String(index)).digest());
  return Buffer.concat(blocks);
}
