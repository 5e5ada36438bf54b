import type { Example } from "../kit/define/call.ts";

/** Examples of `checkPrerequisites`. */
export const checkPrerequisitesExamples: readonly Example[] = [
  {
    title: "What stands in the way on a Windows machine",
    yaml: `name: prerequisites
runtime: yaml
variables:
  checked:
    fn::invoke:
      function: kace:checkPrerequisites
      arguments:
        platform: windows
        portScanTimeout: 500ms
        targets:
          ips: 127.0.0.1
outputs:
  ready: \${checked.ready}
  lines: \${checked.machines[0].lines}
`,
    typescript: `import * as kace from "@pulumi-kace/kace";
import * as pulumi from "@pulumi/pulumi";

const checked = kace.checkPrerequisitesOutput({
  targets: { hostnames: ["web[01-20].corp.example"] },
  linux: { username: "deploy", password: new pulumi.Config().getSecret("password"), become: { method: "sudo" } },
  server: { name: "kbox.corp.example" },
});

export const inTheWay = checked.machines.apply((machines) =>
  machines.flatMap(({ machine, lines }) =>
    lines.filter(({ state }) => state === "not-met").map(({ message, repair }) => \`\${machine}: \${message}: \${repair}\`),
  ),
);
`,
    python: `import pulumi
import pulumi_kace as kace

checked = kace.check_prerequisites_output(
    platform="windows",
    targets={"hostnames": ["pc[01-20].corp.example"]},
)
pulumi.export("ready", checked.ready)
`,
  },
];
