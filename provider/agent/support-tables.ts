import type { SupportRow, SupportTable } from "./support.ts";

const X86 = ["386"];
const X64 = ["amd64"];
const BOTH = ["386", "amd64"];

const windows = (system: string, version: string, architectures: readonly string[] = BOTH): SupportRow => ({
  system,
  platform: "windows",
  releases: { lines: [version] },
  architectures,
});
const mac = (version: string, architectures: string): SupportRow => ({
  system: `Mac OS X ${version} (${architectures})`,
  platform: "darwin",
  releases: { lines: [version] },
});
const redHat = (version: string): SupportRow => ({
  system: `Red Hat Linux AS and ES, version ${version} (32-bit and 64-bit architectures)`,
  platform: "linux",
  distributions: ["rhel", "redhat"],
  releases: { lines: [version] },
  architectures: BOTH,
});

/** The vendor's table for its agent 5.x, line by line. Windows goes by the number of its kernel. */
export const TABLE_4_1: SupportTable = {
  agents: { from: "5.0", before: "6.0" },
  source: "Table 4-1 of the vendor's guide for version 5.4",
  rows: [
    windows("Windows 7: Professional, Enterprise, Ultimate Edition (x86 and x64 architectures)", "6.1"),
    windows("Windows Vista: Business, Enterprise, Ultimate Edition (x86 and x64 architectures)", "6.0"),
    windows("Windows XP: Professional (32-bit)", "5.1", X86),
    windows("Windows XP: Professional (64-bit)", "5.2", X64),
    windows("Windows 2000: Professional, Server, Advanced Server Edition: SP4 with Update Rollup 1", "5.0", X86),
    windows("Windows Server 2008 R2: Standard, Enterprise, Web Edition (64-bit)", "6.1", X64),
    windows("Windows Server 2008: Standard, Enterprise, Web Edition (32-bit and 64-bit)", "6.0"),
    windows("Windows Server 2003: Web, Standard, Enterprise Edition (32-bit and 64-bit)", "5.2"),
    mac("10.7", "x86 architecture"),
    mac("10.6", "x86 architecture"),
    mac("10.5", "PowerPC and x86 architectures"),
    mac("10.4", "PowerPC and x86 architectures"),
    redHat("6"),
    redHat("5"),
    redHat("4"),
    {
      system: "SUSE 11",
      platform: "linux",
      distributions: ["sles", "sled", "suse", "opensuse"],
      releases: { lines: ["11"] },
    },
    {
      system: "Ubuntu 10 LTS and 12 LTS",
      platform: "linux",
      distributions: ["ubuntu"],
      releases: { lines: ["10.04", "12.04"] },
    },
  ],
};

const linux = (system: string, from: string, ...distributions: readonly string[]): SupportRow => ({
  system,
  platform: "linux",
  distributions,
  releases: { from },
});

/** The reference agent is one static Go program: it needs Linux 3.2 and a service manager, whatever else is there. */
export const REFERENCE_TABLE: SupportTable = {
  agents: {},
  source: "the table of systems in docs/agent.md",
  rows: [
    linux("Debian 8 or newer", "8", "debian"),
    linux("Ubuntu 14.04 or newer", "14.04", "ubuntu"),
    linux(
      "Red Hat Enterprise Linux 7 or newer, and what is built from it",
      "7",
      "rhel",
      "centos",
      "rocky",
      "almalinux",
      "ol",
    ),
    linux("SUSE Linux Enterprise 12 or newer", "12", "sles", "sled"),
    linux("Amazon Linux 2 or newer", "2", "amzn"),
    linux("Alpine Linux 3.5 or newer", "3.5", "alpine"),
    { system: "any other Linux", platform: "linux" },
  ],
};
