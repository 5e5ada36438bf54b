import type { Example } from "../../kit/define/call.ts";

/** Programs that show a `ProvisioningConfig`. */
export const provisioningExamples: readonly Example[] = [
  {
    title: "A fleet of Linux machines",
    description: "With `enabled: false` it is only saved; take that away and `pulumi preview` looks at every machine.",
    yaml: `name: fleet
runtime: yaml
resources:
  berlin:
    type: kace:AgentToken
    properties:
      useLimit: 500
  agents:
    type: kace:AgentBundle
    properties:
      folder: ./packages
      checksums:
        fn::readFile: ./packages/SHA256SUMS
  fleet:
    type: kace:ProvisioningConfig
    properties:
      enabled: false
      targets:
        ipRanges: [ "192.168.2-5.1-200" ]
        hostnames: [ "web[01-20].corp.example" ]
        exclude: [ "192.168.2.1" ]
      server:
        name: kbox.corp.example
      agent:
        bundle: \${agents.id}
        token: \${berlin.value}
      linux:
        username: deploy
        agentSocket: /run/user/1000/ssh-agent.socket
        become:
          method: sudo
      rollout:
        maxConcurrency: 10%
        maxFailures: 5
      onDestroy: uninstall
outputs:
  summary: \${fleet.summary}
`,
    typescript: `import { readFileSync } from "node:fs";
import * as kace from "@pulumi-kace/kace";
import * as pulumi from "@pulumi/pulumi";

const berlin = new kace.AgentToken("berlin", { useLimit: 500 });
const agents = new kace.AgentBundle("agents", {
  folder: "./packages",
  checksums: readFileSync("./packages/SHA256SUMS", "utf8"),
});
const fleet = new kace.ProvisioningConfig("fleet", {
  targets: {
    ipRanges: ["192.168.2-5.1-200"],
    hostnames: ["web[01-20].corp.example"],
    exclude: ["192.168.2.1"],
  },
  server: { name: "kbox.corp.example" },
  agent: { bundle: agents.id, token: berlin.value },
  linux: {
    username: "deploy",
    privateKey: new pulumi.Config().requireSecret("privateKey"),
    become: { method: "sudo" },
  },
  rollout: { maxConcurrency: "10%", maxFailures: 5 },
  onDestroy: "uninstall",
});
export const summary = fleet.summary;
`,
    python: `from pathlib import Path
import pulumi
import pulumi_kace as kace

berlin = kace.AgentToken("berlin", use_limit=500)
agents = kace.AgentBundle("agents", folder="./packages", checksums=Path("./packages/SHA256SUMS").read_text())
fleet = kace.ProvisioningConfig("fleet",
    targets={
        "ip_ranges": ["192.168.2-5.1-200"],
        "hostnames": ["web[01-20].corp.example"],
        "exclude": ["192.168.2.1"],
    },
    server={"name": "kbox.corp.example"},
    agent={"bundle": agents.id, "token": berlin.value},
    linux={
        "username": "deploy",
        "private_key": pulumi.Output.secret("change-me"),
        "become": {"method": "sudo"},
    },
    rollout={"max_concurrency": "10%", "max_failures": 5},
    on_destroy="uninstall")
pulumi.export("summary", fleet.summary)
`,
  },
  {
    title: "Every night",
    description:
      "`kace serve` runs it by itself, beside every `pulumi up`. The key is kept on the appliance, encrypted, for as long as there is a schedule.",
    yaml: `name: nightly
runtime: yaml
resources:
  nightly:
    type: kace:ProvisioningConfig
    properties:
      enabled: false
      state: removed
      targets:
        ipRanges: [ "192.168.9.1-200" ]
      linux:
        username: deploy
        password:
          fn::secret: change-me
        become:
          method: sudo
      schedule:
        every: day
        at: "02:30"
        timezone: Europe/Berlin
`,
    typescript: `import * as kace from "@pulumi-kace/kace";
import * as pulumi from "@pulumi/pulumi";

const nightly = new kace.ProvisioningConfig("nightly", {
  state: "removed",
  targets: { ipRanges: ["192.168.9.1-200"] },
  linux: {
    username: "deploy",
    privateKey: new pulumi.Config().requireSecret("privateKey"),
    become: { method: "sudo" },
  },
  schedule: { every: "day", at: "02:30", timezone: "Europe/Berlin" },
});
export const summary = nightly.summary;
`,
    python: `import pulumi
import pulumi_kace as kace

nightly = kace.ProvisioningConfig("nightly",
    state="removed",
    targets={"ip_ranges": ["192.168.9.1-200"]},
    linux={
        "username": "deploy",
        "password": pulumi.Output.secret("change-me"),
        "become": {"method": "sudo"},
    },
    schedule={"every": "day", "at": "02:30", "timezone": "Europe/Berlin"})
pulumi.export("summary", nightly.summary)
`,
  },
];
