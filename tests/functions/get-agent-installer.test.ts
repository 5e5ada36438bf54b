import { createHash } from "node:crypto";
import { expect, it } from "vitest";
import { accessTo } from "../../provider/appliance/access.ts";
import { openLocal } from "../../provider/appliance/local/local.ts";
import { getAgentInstaller } from "../../provider/functions/get-agent-installer.ts";
import { newFolder, openedIn } from "../appliance/local/folders.ts";

const nothing = () => undefined;
const log = { debug: nothing, info: nothing, warn: nothing, error: nothing, status: nothing };

it("getAgentInstaller names the argument for which there is no package", async () => {
  const folder = newFolder();
  const appliance = await openedIn(folder);
  const fileName = "kace-reference-agent_1.4.2_amd64.deb";
  const said = {
    version: "1.4.2",
    platform: "linux",
    architecture: "amd64",
    format: "deb",
    sha256: createHash("sha256").update("x").digest("hex"),
  };
  const packages = [{ ...said, fileName, sizeBytes: 1 }];
  await appliance.putPackage(
    said.sha256,
    1,
    (async function* () {
      yield Buffer.from("x");
    })(),
  );
  await appliance.saveBundle({ name: "agents", version: "1.4.2", flavour: "reference", packages, loaded: true });
  const client = accessTo(({ readOnly }) => openLocal({ folder, readOnly }), {
    endpoint: "local",
    isLocal: true,
    maxConcurrency: undefined,
  });
  const ask = (wanted: Record<string, unknown>) =>
    getAgentInstaller.handler.handle(
      {
        inputs: { platform: "linux", architecture: "amd64", server: { name: "kbox.example" }, ...wanted },
        preview: false,
      },
      { client, log, signal: new AbortController().signal },
    );
  expect(await ask({ format: "deb", version: "1.4.2" })).toMatchObject({ fileName });
  for (const [wanted, argument, there] of [
    [{ platform: "windows", format: "msi", version: "9" }, "platform", fileName],
    [{ architecture: "arm64", format: "rpm" }, "architecture", fileName],
    [{ format: "rpm", version: "9" }, "format", fileName],
    [{ format: "deb", version: "9" }, "version", "1.4.2"],
  ] as const)
    await expect(ask(wanted)).rejects.toMatchObject({
      path: [argument],
      message: expect.stringMatching(new RegExp(`^no loaded bundle has a package for .*; there is ${there}$`)),
    });
});
