import { expect, test } from "vitest";
import { type AgentPackage, FLAVOURS, packageFor, readPackageName } from "../../provider/agent/agent.ts";

test.each([
  ["kace-reference-agent_1.4.2_amd64.deb", "reference", "linux", "amd64", "deb", "1.4.2"],
  ["kace-reference-agent-1.4.2-1.x86_64.rpm", "reference", "linux", "amd64", "rpm", "1.4.2"],
  ["kace-reference-agent-1.4.2-1.aarch64.rpm", "reference", "linux", "arm64", "rpm", "1.4.2"],
  ["kace-reference-agent-1.4.2-linux-arm64.tar.gz", "reference", "linux", "arm64", "tar.gz", "1.4.2"],
  ["ampagent-14.1.19.ubuntu.64.deb", "quest", "linux", "amd64", "deb", "14.1.19"],
  ["ampagent-15.0.54.ubuntu.64.tar.gz", "quest", "linux", "amd64", "tar.gz", "15.0.54"],
  ["ampagent-14.1.19-1.x86_64.rpm", "quest", "linux", "amd64", "rpm", "14.1.19"],
  ["ampagent-14.1.19-x64.msi", "quest", "windows", "amd64", "msi", "14.1.19"],
  ["ampagent-6.4.180-x86.msi", "quest", "windows", "386", "msi", "6.4.180"],
  ["ampagent-14.1.19-all.dmg", "quest", "darwin", "all", "dmg", "14.1.19"],
])("%s is what its name says", (fileName, flavour, platform, architecture, format, version) => {
  const read = readPackageName(fileName);
  expect(read?.flavour.name).toBe(flavour);
  expect(read?.named).toEqual({ fileName, platform, architecture, format, version });
});

test.each([
  ["ampagent-14.1.19.ubuntu.64_kbox.corp.example+s3cr3t-token_0.deb", "ampagent-14.1.19.ubuntu.64.deb"],
  ["ampagent-14.1.19-x64_kbox.corp.example+s3cr3t-token.msi", "ampagent-14.1.19-x64.msi"],
  ["ampagent-14.1.19-1.x86_64_kbox.rpm", "ampagent-14.1.19-1.x86_64.rpm"],
  ["ampagent-10.2.108.ubuntu.64_kbox.deb", "ampagent-10.2.108.ubuntu.64.deb"],
  ["kace-reference-agent_1.4.2_amd64_kbox~9443+s3cr3t.deb", "kace-reference-agent_1.4.2_amd64.deb"],
  ["kace-reference-agent-1.4.2-1.x86_64_kbox~9443+s3cr3t.rpm", "kace-reference-agent-1.4.2-1.x86_64.rpm"],
  ["kace-reference-agent-1.4.2-linux-arm64_kbox+s3.tar.gz", "kace-reference-agent-1.4.2-linux-arm64.tar.gz"],
])("host and token in %s are not kept", (fileName, kept) => {
  expect(readPackageName(fileName)?.named.fileName).toBe(kept);
});

test.each([
  "README.md",
  "ampagent.deb",
  "kace-reference-agent.deb",
  "other-agent_1.0_amd64.deb",
  "",
  "ampagent-1.2.zip",
])("%j is no package of ours", (fileName) => {
  expect(readPackageName(fileName)).toBeUndefined();
});

const bundle: AgentPackage[] = [
  "kace-reference-agent_1.4.2_amd64.deb",
  "kace-reference-agent_1.5.0_amd64.deb",
  "kace-reference-agent_1.5.0_arm64.deb",
  "kace-reference-agent-1.5.0-1.x86_64.rpm",
  "kace-reference-agent-1.5.0-linux-amd64.tar.gz",
  "kace-reference-agent-1.6.0-linux-arm64.tar.gz",
].flatMap((fileName) => {
  const named = readPackageName(fileName)?.named;
  return named === undefined ? [] : [{ ...named, sha256: "ab".repeat(32), sizeBytes: 1000 }];
});

test.each([
  ["debian", "amd64", undefined, "kace-reference-agent_1.5.0_amd64.deb"],
  ["debian", "amd64", "1.4.2", "kace-reference-agent_1.4.2_amd64.deb"],
  ["rpm", "amd64", undefined, "kace-reference-agent-1.5.0-1.x86_64.rpm"],
  ["other", "amd64", undefined, "kace-reference-agent-1.5.0-linux-amd64.tar.gz"],
  ["debian", "arm64", undefined, "kace-reference-agent-1.6.0-linux-arm64.tar.gz"],
  ["rpm", "arm64", "1.5.0", undefined],
  ["debian", "riscv64", undefined, undefined],
] as const)("a %s machine on %s that asks for %s gets %s", (family, architecture, version, fileName) => {
  const facts = { platform: "linux", family, architecture };
  expect(packageFor(bundle, facts, FLAVOURS.reference, version)?.fileName).toBe(fileName);
});
