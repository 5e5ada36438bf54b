import { describe, expect, it } from "vitest";
import { checkProvisioning } from "../../provider/resources/provisioning/check.ts";
import { inputs } from "../../provider/resources/provisioning/inputs.ts";

const findingsFor = async (name: string) => {
  const given = inputs.parse({
    targets: { hostnames: ["web01"] },
    agent: { bundle: "bundle-1" },
    server: { name },
    linux: { password: "secret" },
  });
  return await checkProvisioning(given);
};

/** What docs/appliance.md says of `server.name`. */
describe("the name of the server", () => {
  it.each(["10.0.0.5", "fd00::5", "[fd00::5]", "localhost"])(
    "is warned about in the check where it is an address: %s",
    async (name) => {
      expect(await findingsFor(name)).toMatchObject([{ path: ["server", "name"], severity: "warning" }]);
    },
  );

  it("may be any host name", async () => {
    expect(await findingsFor("kbox.corp.example")).toEqual([]);
  });
});
