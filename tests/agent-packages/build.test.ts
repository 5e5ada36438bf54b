import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { agentPackages, type PackageFile } from "../../tools/agent-packages/build.ts";
import { findOnPath } from "../../tools/process/path.ts";
import { run, runOrThrow } from "../../tools/process/run.ts";
import { readRpm } from "./rpm-file.ts";

/** The first build on a machine compiles nfpm and the agent for two architectures. */
const BUILD_MS = 900_000;
const MAX_DISK_BYTES = 10 * 2 ** 20;
const quiet = () => {};

vi.setConfig({ testTimeout: BUILD_MS });

let folder: string;
let packages: PackageFile[];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "kace-packages-"));
  packages = await agentPackages({ version: "1.4.2", say: quiet });
}, BUILD_MS);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function packageNamed(fileName: string): PackageFile {
  const found = packages.find((file) => file.fileName === fileName);
  if (found === undefined) throw new Error(`there is no ${fileName} among ${packages.map((file) => file.fileName)}`);
  return found;
}

/** Unpacks an archive of the agent and gives the folder. */
async function unpacked(file: PackageFile): Promise<string> {
  const into = join(folder, file.sha256);
  mkdirSync(into, { recursive: true });
  await runOrThrow({ program: "tar", args: ["-xzf", file.path, "-C", into] });
  return into;
}

describe("the reference agent's packages", () => {
  test("have the names that each format's own tools give them", () => {
    expect(packages.map((file) => file.fileName)).toEqual([
      "kace-reference-agent_1.4.2_amd64.deb",
      "kace-reference-agent-1.4.2-1.x86_64.rpm",
      "kace-reference-agent-1.4.2-linux-amd64.tar.gz",
      "kace-reference-agent_1.4.2_arm64.deb",
      "kace-reference-agent-1.4.2-1.aarch64.rpm",
      "kace-reference-agent-1.4.2-linux-arm64.tar.gz",
    ]);
  });

  test("are described as they are", () => {
    for (const file of packages) {
      const bytes = readFileSync(file.path);
      expect(file).toMatchObject({
        sizeBytes: bytes.length,
        sha256: createHash("sha256").update(bytes).digest("hex"),
        version: "1.4.2",
      });
    }
  });

  test("come from the cache the second time, byte for byte", async () => {
    expect(await agentPackages({ version: "1.4.2", say: quiet })).toEqual(packages);
  });

  test("are the same bytes when they are made again from nothing", async () => {
    const options = { version: "1.4.2", architectures: ["amd64"], say: quiet, cache: join(folder, "cache") } as const;
    // Two at once, as two test files may ask.
    const [first, second] = await Promise.all([agentPackages(options), agentPackages(options)]);
    expect(second).toEqual(first);
    expect(first.map((file) => [file.fileName, file.sha256])).toEqual(
      packages.filter((file) => file.architecture === "amd64").map((file) => [file.fileName, file.sha256]),
    );
  });

  test.each(["1.4.2-rc1", "v1.4.2", "1", "1.04.2", "1.4.2; reboot", ""])("refuse the version %j", async (version) => {
    await expect(agentPackages({ version, say: quiet })).rejects.toThrow(RangeError);
  });

  test("hold a program that is static, small and knows its version", async () => {
    const root = await unpacked(packageNamed("kace-reference-agent-1.4.2-linux-amd64.tar.gz"));
    const program = join(root, "opt/kace-reference/bin/kace-agent");
    expect(statSync(program).size).toBeLessThan(MAX_DISK_BYTES);
    // Without a dynamic linker to ask for (the ELF program header PT_INTERP) it runs on glibc and musl alike.
    expect(readFileSync(program).includes("ld-linux")).toBe(false);
    if (process.arch === "x64") {
      expect(await runOrThrow({ program, args: ["version"] })).toBe("1.4.2");
    }
    expect(readFileSync(join(root, "opt/kace-reference/VERSION"), "utf8")).toBe("1.4.2\n");
  });

  /** Of what kind a program is, by its ELF header: e_ident, and e_machine at 18 (gABI, chapter 4). */
  const elfOf = (program: string) => {
    const header = readFileSync(program).subarray(0, 20);
    return {
      magic: header.toString("latin1", 1, 4),
      bits: header[4] === 2 ? 64 : 32,
      machine: header.readUInt16LE(18),
    };
  };

  test.each([
    ["amd64", "x86_64", 62],
    ["arm64", "aarch64", 183],
  ])("for %s hold a program for that processor, and say so to dpkg and rpm", async (architecture, ofRpm, machine) => {
    const root = await unpacked(packageNamed(`kace-reference-agent-1.4.2-linux-${architecture}.tar.gz`));
    expect(elfOf(join(root, "opt/kace-reference/bin/kace-agent"))).toEqual({ magic: "ELF", bits: 64, machine });
    expect(readRpm(packageNamed(`kace-reference-agent-1.4.2-1.${ofRpm}.rpm`).path).text("architecture")).toBe(ofRpm);
    if (findOnPath("dpkg-deb") === undefined) return;
    const deb = packageNamed(`kace-reference-agent_1.4.2_${architecture}.deb`).path;
    expect(await runOrThrow({ program: "dpkg-deb", args: ["-f", deb, "Architecture"] })).toBe(architecture);
    const files = join(folder, `deb-${architecture}`);
    await runOrThrow({ program: "dpkg-deb", args: ["-x", deb, files] });
    expect(elfOf(join(files, "opt/kace-reference/bin/kace-agent")).machine).toBe(machine);
  });

  test.skipIf(findOnPath("dpkg-deb") === undefined)("are what dpkg expects", async () => {
    const deb = packageNamed("kace-reference-agent_1.4.2_amd64.deb").path;
    const field = (name: string) => runOrThrow({ program: "dpkg-deb", args: ["-f", deb, name] });
    expect(await field("Package")).toBe("kace-reference-agent");
    expect(await field("Version")).toBe("1.4.2");
    expect(await field("Architecture")).toBe("amd64");
    expect(Number(await field("Installed-Size"))).toBeLessThan(MAX_DISK_BYTES / 1024);
    const listed = (await runOrThrow({ program: "dpkg-deb", args: ["-c", deb] })).split("\n");
    const files = listed.filter((line) => line.startsWith("-")).map((line) => line.split(/\s+/));
    expect(files.map(([mode, owner, , , , path]) => `${mode} ${owner} ${path}`).sort()).toEqual([
      "-rw-r--r-- root/root ./lib/systemd/system/kace-reference-agent.service",
      "-rw-r--r-- root/root ./opt/kace-reference/VERSION",
      "-rw-r--r-- root/root ./opt/kace-reference/lib/kace-reference-agent.service",
      "-rwxr-xr-x root/root ./opt/kace-reference/bin/kace-agent",
      "-rwxr-xr-x root/root ./opt/kace-reference/lib/init.sh",
      "-rwxr-xr-x root/root ./opt/kace-reference/lib/service.sh",
    ]);
    const scripts = join(folder, "control");
    await runOrThrow({ program: "dpkg-deb", args: ["-e", deb, scripts] });
    for (const name of ["postinst", "prerm", "postrm"]) expect(statSync(join(scripts, name)).mode & 0o777).toBe(0o755);
  });

  test("are what rpm expects", () => {
    const rpm = readRpm(packageNamed("kace-reference-agent-1.4.2-1.x86_64.rpm").path);
    expect(rpm.text("name")).toBe("kace-reference-agent");
    expect(rpm.text("version")).toBe("1.4.2");
    expect(rpm.text("release")).toBe("1");
    expect(rpm.text("architecture")).toBe("x86_64");
    expect([...rpm.paths].sort()).toEqual([
      "/opt/kace-reference",
      "/opt/kace-reference/VERSION",
      "/opt/kace-reference/bin",
      "/opt/kace-reference/bin/kace-agent",
      "/opt/kace-reference/lib",
      "/opt/kace-reference/lib/init.sh",
      "/opt/kace-reference/lib/kace-reference-agent.service",
      "/opt/kace-reference/lib/service.sh",
      "/usr/lib/systemd/system/kace-reference-agent.service",
    ]);
    expect(rpm.text("postinstall")).toContain("service.sh register");
    expect(rpm.text("preremove")).toContain("service.sh unregister");
  });
});

describe("packages that are broken on purpose", () => {
  const scriptOf = async (
    variant: "fails-to-install" | "hangs" | "kills-connection" | "reboots",
    format: "deb" | "rpm",
  ) => {
    const [file] = await agentPackages({
      version: "1.4.2",
      architectures: ["amd64"],
      formats: [format],
      flavourOptions: { flavour: "reference", variant },
      say: quiet,
    });
    if (file === undefined) throw new Error("no package was built");
    expect(packages.map(({ sha256 }) => sha256)).not.toContain(file.sha256);
    expect(packages.map(({ fileName }) => fileName)).toContain(file.fileName);
    if (format === "rpm") return readRpm(file.path);
    const control = join(folder, file.sha256);
    await runOrThrow({ program: "dpkg-deb", args: ["-e", file.path, control] });
    return readFileSync(join(control, "postinst"), "utf8");
  };

  test.skipIf(findOnPath("dpkg-deb") === undefined).each([
    ["fails-to-install", "exit 1"],
    ["hangs", "while :"],
    ["kills-connection", "kill -KILL"],
    ["reboots", "reboot"],
  ] as const)("%s: as a .deb", async (variant, text) => {
    expect(await scriptOf(variant, "deb")).toContain(text);
  });

  test("fails-to-install: rpm only fails for a script that runs before the files are there", async () => {
    const rpm = await scriptOf("fails-to-install", "rpm");
    expect(typeof rpm === "string" ? rpm : rpm.text("preinstall")).toContain("exit 1");
  });

  test("service-fails: the program takes its configuration, but does not run", async () => {
    const [file] = await agentPackages({
      version: "1.4.2",
      architectures: ["amd64"],
      formats: ["tar.gz"],
      flavourOptions: { flavour: "reference", variant: "service-fails" },
      say: quiet,
    });
    if (file === undefined) throw new Error("no package was built");
    const root = await unpacked(file);
    const program = join(root, "opt/kace-reference/bin/kace-agent");
    expect(await run({ program, args: ["run"] })).toMatchObject({ exitCode: 1 });
    expect(statSync(`${program}.real`).size).toBeGreaterThan(2 ** 20);
    expect(readFileSync(program, "utf8")).toContain('exec /opt/kace-reference/bin/kace-agent.real "$@"');
  });
});

describe("the benchmark's package", () => {
  test("holds exactly the bytes that were asked for, and no more of its own than a few kilobytes", async () => {
    const payloadBytes = 1_048_576;
    const built = await agentPackages({
      version: "2.0.0",
      architectures: ["amd64"],
      flavourOptions: { flavour: "bench", payloadBytes },
      say: quiet,
    });
    expect(built.map(({ fileName }) => fileName)).toEqual([
      "kace-bench-agent_2.0.0_amd64.deb",
      "kace-bench-agent-2.0.0-1.x86_64.rpm",
      "kace-bench-agent-2.0.0-linux-amd64.tar.gz",
    ]);
    for (const file of built) {
      expect(file.sizeBytes).toBeGreaterThan(payloadBytes);
      expect(file.sizeBytes).toBeLessThan(payloadBytes + 16_384);
    }
    const archive = built.find(({ format }) => format === "tar.gz");
    if (archive === undefined) throw new Error("no archive was built");
    const root = await unpacked(archive);
    expect(statSync(join(root, "opt/kace-bench/payload.bin")).size).toBe(payloadBytes);
    expect(readFileSync(join(root, "opt/kace-bench/VERSION"), "utf8")).toBe("2.0.0\n");
  });
});
