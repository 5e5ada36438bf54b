import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { whyNoLab } from "../../examples/lab/lab.ts";
import { agentPackages } from "../../tools/agent-packages/build.ts";
import { writePackageFolder } from "../../tools/demo/package-folder.ts";
import { VERSION } from "./ground.ts";
import { Site } from "./site.ts";

const NEWER = "1.5.0";

// Runs and hosts end when they do; nothing here is about how long that takes on a busy machine.
vi.setConfig({ testTimeout: 600_000, hookTimeout: 900_000 });

describe.skipIf(whyNoLab() !== undefined)("a bundle that is changed in the same update as its configuration", () => {
  let site: Site;

  beforeAll(async () => {
    site = await Site.up({
      prefix: "tbund",
      hosts: [
        { name: "there", kind: "systemd" },
        { name: "bare", kind: "systemd" },
      ],
    });
    const architectures = [process.arch === "arm64" ? "arm64" : "amd64"] as const;
    await writePackageFolder(
      join(site.folder, "newer"),
      await agentPackages({ version: NEWER, architectures, formats: ["deb"] }),
    );
  });

  afterAll(() => site?.down());

  /** The configuration of both hosts, or of the one that has its agent, from a folder of packages. */
  function program(folder: string, targets: readonly string[], agent: Readonly<Record<string, unknown>>) {
    const { resources } = site.fleet({ targets: { ips: site.addresses(...targets) }, agent });
    const properties = { folder: `./${folder}`, checksums: { "fn::readFile": `./${folder}/SHA256SUMS` } };
    return { resources: { ...resources, agents: { type: "kace:AgentBundle", properties } } };
  }

  test("is previewed with what will be in it, which is what the update does", async () => {
    await site.write(program("packages", ["there"], {}));
    await site.up();
    expect(await site.resultOf("there")).toMatchObject({ code: "installed", version: VERSION });

    await site.write(program("newer", ["there", "bare"], {}));
    expect(site.rowOf(await site.preview(), "bare")).toContain(`version ${NEWER} fits`);

    await site.write(program("newer", ["there", "bare"], { version: NEWER }));
    const shown = await site.preview();
    expect(shown).not.toContain("would not be right");
    expect(shown).not.toContain("no-package");
    expect(site.rowOf(shown, "there")).toContain("upgrade");
    expect(site.rowOf(shown, "bare")).toContain(`version ${NEWER} fits`);
    await site.up();
    expect(await site.resultOf("there")).toMatchObject({ code: "upgraded", version: NEWER });
    expect(await site.resultOf("bare")).toMatchObject({ code: "installed", version: NEWER });
  });

  test("an agent whose program is damaged is installed again, also where that shows only when it is configured", async () => {
    const PROGRAM = "/opt/kace-reference/bin/kace-agent";
    const sh = (host: string, script: string) => site.host(host).run(["sh", "-c", script]);
    await sh("there", `chmod -x ${PROGRAM} && systemctl disable kace-reference-agent`);
    await sh(
      "bare",
      `rm ${PROGRAM} && printf '#!/bin/sh\necho worn out >&2\nexit 3\n' >${PROGRAM} && chmod +x ${PROGRAM}`,
    );
    await sh("bare", "systemctl disable kace-reference-agent");
    const shown = await site.preview();
    expect(site.rowOf(shown, "there")).toContain("the agent is there, but not whole");
    expect(site.rowOf(shown, "bare")).toContain("its service is not enabled at boot");
    await site.up();
    expect(await site.resultOf("there")).toMatchObject({ code: "repaired", version: NEWER });
    expect(await site.resultOf("bare")).toMatchObject({ code: "repaired", version: NEWER });
    expect((await site.kace(["logs", site.host("bare").address])).output).toContain("worn out");
  });
});
