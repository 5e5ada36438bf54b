import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { architectureOf, FLAVOURS, supportOf } from "../../provider/agent/agent.ts";
import { REFERENCE_TABLE, TABLE_4_1 } from "../../provider/agent/support-tables.ts";

interface Case {
  readonly flavour: keyof typeof FLAVOURS;
  readonly version: string;
  readonly platform?: string;
  readonly on: readonly [distribution: string | undefined, release: string | undefined, architecture: string];
  /** The row that says so, or what is said without one. */
  readonly row: string | undefined;
  readonly kind?: "unsupported" | "unknown";
}

const RED_HAT_6 = "Red Hat Linux AS and ES, version 6 (32-bit and 64-bit architectures)";
const UBUNTU = "Ubuntu 10 LTS and 12 LTS";

test.each<Case>([
  { flavour: "quest", version: "5.4", on: ["rhel", "6.9", "x86_64"], row: RED_HAT_6 },
  { flavour: "quest", version: "5.4.5315", on: ["rhel", "6", "i686"], row: RED_HAT_6 },
  { flavour: "quest", version: "5.4", on: ["rhel", "7.1", "amd64"], kind: "unsupported", row: RED_HAT_6 },
  { flavour: "quest", version: "5.4", on: ["rhel", "60", "amd64"], kind: "unsupported", row: RED_HAT_6 },
  { flavour: "quest", version: "5.4", on: ["rhel", "6.9", "arm64"], kind: "unsupported", row: RED_HAT_6 },
  { flavour: "quest", version: "5.4", on: ["sles", "11.4", "amd64"], row: "SUSE 11" },
  { flavour: "quest", version: "5.4", on: ["sles", "12.1", "amd64"], kind: "unsupported", row: "SUSE 11" },
  { flavour: "quest", version: "5.1.30", on: ["ubuntu", "10.04", "i386"], row: UBUNTU },
  { flavour: "quest", version: "5.4", on: ["ubuntu", "12.04", "amd64"], row: UBUNTU },
  { flavour: "quest", version: "5.4", on: ["ubuntu", "12.10", "amd64"], kind: "unsupported", row: UBUNTU },
  { flavour: "quest", version: "5.4", on: ["ubuntu", undefined, "amd64"], kind: "unsupported", row: UBUNTU },
  // No row is about it: all rows of the platform are shown.
  { flavour: "quest", version: "5.4", on: ["debian", "12", "amd64"], kind: "unsupported", row: RED_HAT_6 },
  // The table ends before 6.0: nothing is known of newer agents.
  { flavour: "quest", version: "14.1.19", on: ["debian", "12", "amd64"], kind: "unknown", row: undefined },
  { flavour: "quest", version: "6.0", on: ["ubuntu", "22.04", "amd64"], kind: "unknown", row: undefined },
  // A machine without os-release.
  { flavour: "quest", version: "5.4", on: [undefined, undefined, "amd64"], kind: "unknown", row: undefined },
  {
    flavour: "quest",
    version: "5.4",
    platform: "windows",
    on: [undefined, "6.1.7601", "amd64"],
    row: "Windows 7: Professional, Enterprise, Ultimate Edition (x86 and x64 architectures)",
  },
  {
    flavour: "quest",
    version: "5.4",
    platform: "windows",
    on: [undefined, "5.1.2600", "i386"],
    row: "Windows XP: Professional (32-bit)",
  },
  {
    flavour: "quest",
    version: "5.4",
    platform: "windows",
    on: [undefined, "10.0.19045", "amd64"],
    kind: "unsupported",
    row: "Windows Server 2008 R2: Standard, Enterprise, Web Edition (64-bit)",
  },
  {
    flavour: "quest",
    version: "5.4",
    platform: "darwin",
    on: [undefined, "10.7.5", "amd64"],
    row: "Mac OS X 10.7 (x86 architecture)",
  },
  {
    flavour: "quest",
    version: "5.4",
    platform: "darwin",
    on: [undefined, "14.5", "arm64"],
    kind: "unsupported",
    row: "Mac OS X 10.4 (PowerPC and x86 architectures)",
  },
  { flavour: "reference", version: "1.4.2", on: ["debian", "12", "amd64"], row: "Debian 8 or newer" },
  // Debian's testing has no number.
  { flavour: "reference", version: "1.4.2", on: ["debian", undefined, "amd64"], row: "Debian 8 or newer" },
  {
    flavour: "reference",
    version: "1.4.2",
    on: ["debian", "7", "amd64"],
    kind: "unsupported",
    row: "Debian 8 or newer",
  },
  {
    flavour: "reference",
    version: "1.4.2",
    on: ["rocky", "9.4", "arm64"],
    row: "Red Hat Enterprise Linux 7 or newer, and what is built from it",
  },
  {
    flavour: "reference",
    version: "1.4.2",
    on: ["centos", "6.10", "amd64"],
    kind: "unsupported",
    row: "Red Hat Enterprise Linux 7 or newer, and what is built from it",
  },
  { flavour: "reference", version: "1.4.2", on: ["void", undefined, "amd64"], row: "any other Linux" },
])("$flavour $version on $on is $kind: $row", ({ flavour, version, platform = "linux", on, row, kind }) => {
  const [distribution, release, architecture] = on;
  const support = supportOf(FLAVOURS[flavour].support, version, {
    platform,
    distribution,
    version: release,
    architecture: architectureOf(architecture),
  });
  expect(support.kind).toBe(kind ?? "supported");
  const said = support.kind === "supported" ? [support.row.system] : support.kind === "unsupported" ? support.rows : [];
  if (row === undefined) expect(said).toEqual([]);
  else expect(said.map((one) => (typeof one === "string" ? one : one.system))).toContain(row);
});

test("a system of no row of its own is told all rows of its platform, and no others", () => {
  const support = supportOf(FLAVOURS.quest.support, "5.4", {
    platform: "linux",
    distribution: "debian",
    version: "12",
    architecture: "amd64",
  });
  expect(support.kind === "unsupported" && support.rows.map(({ platform }) => platform)).toEqual(
    TABLE_4_1.rows.filter(({ platform }) => platform === "linux").map(() => "linux"),
  );
});

test("docs/agent.md lists the systems of the reference agent, row by row", () => {
  const page = readFileSync(new URL("../../docs/agent.md", import.meta.url), "utf8");
  const section = /## Systems\n(?<text>[\s\S]*?)\n## /.exec(page)?.groups?.text ?? "";
  const listed = [...section.matchAll(/^- (.+)$/gm)].map(([, line]) => line);
  expect(listed).toEqual(REFERENCE_TABLE.rows.map(({ system }) => system));
});
