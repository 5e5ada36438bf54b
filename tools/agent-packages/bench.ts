import { createCipheriv } from "node:crypto";
import type { Architecture, PackageDefinition } from "./definition.ts";

/**
 * A package that costs what it costs to bring bytes to a machine and nothing else: a version, no service, no scripts,
 * and a payload of exactly `payloadBytes` bytes that no compression makes smaller, the same in every build.
 */
export function benchDefinition(options: {
  readonly version: string;
  readonly architecture: Architecture;
  readonly payloadBytes: number;
}): PackageDefinition {
  const { version, architecture, payloadBytes } = options;
  return {
    name: "kace-bench-agent",
    version,
    architecture,
    description: "Payload for benchmarks\nHolds bytes without a meaning and runs nothing.",
    files: [
      { path: "/opt/kace-bench/VERSION", mode: 0o644, content: `${version}\n` },
      { path: "/opt/kace-bench/payload.bin", mode: 0o644, content: noise(payloadBytes) },
    ],
    folders: ["/opt/kace-bench"],
    scripts: { deb: {}, rpm: {} },
    compressed: false,
  };
}

/** A cipher's key stream looks random and is always the same. */
function noise(bytes: number): Uint8Array {
  return createCipheriv("aes-128-ctr", Buffer.alloc(16), Buffer.alloc(16)).update(Buffer.alloc(bytes));
}
