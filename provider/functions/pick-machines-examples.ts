import type { Example } from "../kit/define/call.ts";

/** Programs that show `pickMachines`. */
export const pickMachinesExamples: readonly Example[] = [
  {
    title: "The machines of the inventory whose name has a text in it",
    yaml: `name: pick-machines
runtime: yaml
variables:
  libraries:
    fn::invoke:
      function: kace:pickMachines
      arguments:
        from: inventory
        filter: lib
outputs:
  machines: \${libraries.machines}
  count: \${libraries.count}
`,
    typescript: `import * as kace from "@pulumi-kace/kace";

const libraries = kace.pickMachinesOutput({ from: "inventory", filter: "lib" });
export const machines = libraries.machines;
export const count = libraries.count;
`,
    python: `import pulumi
import pulumi_kace as kace

libraries = kace.pick_machines_output(from_="inventory", filter="lib")
pulumi.export("machines", libraries.machines)
pulumi.export("count", libraries.count)
`,
  },
];
