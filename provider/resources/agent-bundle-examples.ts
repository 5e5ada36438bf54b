import type { Example } from "../kit/define/call.ts";

const SHA256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/** Programs that show an `AgentBundle`. */
export const agentBundleExamples: readonly Example[] = [
  {
    title: "One package",
    description: "The checksum is the one that the vendor publishes with the package.",
    yaml: `name: bundle
runtime: yaml
resources:
  agents:
    type: kace:AgentBundle
    properties:
      files:
        - path: ./packages/ampagent-14.1.19.ubuntu.64.deb
          sha256: ${SHA256}
outputs:
  version: \${agents.version}
`,
    typescript: `import * as kace from "@pulumi-kace/kace";

const agents = new kace.AgentBundle("agents", {
  files: [{ path: "./packages/ampagent-14.1.19.ubuntu.64.deb", sha256: "${SHA256}" }],
});
export const version = agents.version;
`,
    python: `import pulumi
import pulumi_kace as kace

agents = kace.AgentBundle("agents", files=[{
    "path": "./packages/ampagent-14.1.19.ubuntu.64.deb",
    "sha256": "${SHA256}",
}])
pulumi.export("version", agents.version)
`,
  },
  {
    title: "A folder with its SHA256SUMS",
    description: "`sha256sum *.deb *.rpm > SHA256SUMS` writes the file; whatever it does not name is not loaded.",
    yaml: `name: folder
runtime: yaml
resources:
  agents:
    type: kace:AgentBundle
    properties:
      folder: ./packages
      checksums:
        fn::readFile: ./packages/SHA256SUMS
`,
    typescript: `import { readFileSync } from "node:fs";
import * as kace from "@pulumi-kace/kace";

new kace.AgentBundle("agents", {
  folder: "./packages",
  checksums: readFileSync("./packages/SHA256SUMS", "utf8"),
});
`,
    python: `from pathlib import Path
import pulumi_kace as kace

agents = kace.AgentBundle("agents", folder="./packages", checksums=Path("./packages/SHA256SUMS").read_text())
`,
  },
  {
    title: "One signed archive for all platforms",
    description:
      "`kace bundle pack --sign` made it. Whoever has the private key vouches for every package in it, so that a newer archive needs no other program.",
    yaml: `name: bundle
runtime: yaml
resources:
  agents:
    type: kace:AgentBundle
    properties:
      archive:
        path: ./agents.kbin
        publicKey:
          fn::readFile: ./key.pub
outputs:
  version: \${agents.version}
`,
    typescript: `import { readFileSync } from "node:fs";
import * as kace from "@pulumi-kace/kace";

const agents = new kace.AgentBundle("agents", {
  archive: { path: "./agents.kbin", publicKey: readFileSync("./key.pub", "utf8") },
});
export const version = agents.version;
`,
    python: `from pathlib import Path

import pulumi
import pulumi_kace as kace

agents = kace.AgentBundle("agents", archive={"path": "./agents.kbin", "public_key": Path("key.pub").read_text()})
pulumi.export("version", agents.version)
`,
  },
];
