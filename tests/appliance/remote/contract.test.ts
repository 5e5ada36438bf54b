import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ownCertificate } from "../../../provider/appliance/certificates/own.ts";
import { openRemote } from "../../../provider/appliance/remote/remote.ts";
import { applianceContract, START } from "../contract.ts";
import { startTestServer } from "../server/running.ts";

applianceContract("an appliance behind a server", async () => {
  let [now, load] = [START, 0.5];
  const certificates = await mkdtemp(join(tmpdir(), "kace-certificates-"));
  const server = await startTestServer({
    now: () => now,
    loadAverage: () => load,
    // The suite sets the appliance's clock as it likes; that of TLS is this machine's.
    certificate: () => ownCertificate({ folder: certificates, names: ["localhost"], now: Date.now() }),
  });
  const appliance = await openRemote({
    endpoint: server.endpoint,
    apiToken: await server.apiToken(),
    caCertificate: server.ca,
  });
  return {
    appliance,
    advance: (ms) => {
      now += ms;
    },
    setLoad: (next) => {
      load = next;
    },
    async dispose() {
      await appliance.close();
      await server.remove();
      await rm(certificates, { recursive: true, force: true });
    },
  };
});
