import { expect, it } from "vitest";
import { unknown } from "../../provider/kit/define/value.ts";
import { checkProvisioning } from "../../provider/resources/provisioning/check.ts";
import { inputs as inputsSchema } from "../../provider/resources/provisioning/inputs.ts";

it.each([
  ["the same text", "14.1.19", ["14.1.18", "14.1.19"], ["agent.version"]],
  ["the same version in another writing", "14.1.19", ["14.1.19.0"], ["agent.version"]],
  ["other versions", "14.1.19", ["14.1.1", "14.1.190"], []],
  ["what is not known yet", "14.1.19", [unknown], []],
])("a version that is denied by %s", async (_, version, deniedVersions, paths) => {
  const inputs = inputsSchema.parse({
    targets: { ips: ["192.0.2.1"] },
    agent: { bundle: "bundle-1", version },
    linux: { username: "root", password: "canary" },
  });
  if (inputs.agent === undefined) throw new Error("an agent is given");
  const findings = await checkProvisioning({ ...inputs, agent: { ...inputs.agent, deniedVersions } });
  expect(findings.map(({ path }) => path.join("."))).toEqual(paths);
});
