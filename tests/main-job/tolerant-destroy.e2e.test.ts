import { expect, it } from "vitest";
import { Project } from "../e2e/project.ts";
import { KACE } from "./kace-plugin.ts";

/** A configuration whose one machine is on loopback, where nothing listens at that port. */
function program(rollout: object, enabled = true) {
  const properties = {
    name: "berlin",
    enabled,
    state: "removed",
    targets: { ips: ["127.0.0.1"] },
    server: { name: "kbox.example" },
    linux: { port: 1, password: { "fn::secret": "correct-horse" } },
    onDestroy: "uninstall",
    rollout: { attempts: 1, ...rollout },
  };
  return { resources: { fleet: { type: "kace:ProvisioningConfig", properties } } };
}

it("a destroy names the way past a dead machine, and the machines whose agents it leaves behind by it", {
  timeout: 600_000,
}, async () => {
  const project = await Project.yaml(program({ maxUnreachable: 1 }), { plugin: KACE, secrets: ["correct-horse"] });
  await project.up();
  await project.write(program({}, false));
  await project.up();
  const refused = await project.fail(["destroy", "--yes", "--skip-preview"]);
  expect(refused).toContain("not every agent could be removed");
  expect(refused).toContain("let `rollout.maxUnreachable` or `rollout.maxFailures` tolerate as many");

  await project.write(program({ maxUnreachable: 1 }));
  await project.up();
  expect(await project.succeed(["destroy", "--yes", "--skip-preview"])).toMatch(
    /agents may stay on machines that nobody looks after any more: 127\.0\.0\.1$/m,
  );
});
