import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createServer, type Server } from "node:tls";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { Lab, type LabHost, whyNoLab } from "../../examples/lab/lab.ts";
import { ownCertificate } from "../../provider/appliance/certificates/own.ts";
import type { PackageFile } from "../../tools/agent-packages/build.ts";
import { questStandInPackages } from "../../tools/agent-packages/quest-stand-in.ts";

const PREFIX = "tquest";
const TOOLS = "/opt/quest/kace/bin/AMPTools";
const TOKEN = "stand-in-canary-token";

vi.setConfig({ testTimeout: 600_000, hookTimeout: 900_000 });

describe.skipIf(whyNoLab() !== undefined)(
  "the stand-in for the vendor's agent behaves as the vendor's is known to",
  () => {
    let lab: Lab;
    let folder: string;
    let packages: PackageFile[];
    let appliance: Server;
    let port: number;

    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), "kace-quest-"));
      packages = await questStandInPackages({ say: () => undefined });
      lab = await Lab.up({
        prefix: PREFIX,
        hosts: [
          { name: "deb", kind: "systemd" },
          { name: "rpm", kind: "systemd", family: "rpm" },
        ],
      });
      const own = await ownCertificate({ folder, names: ["gateway"], now: Date.now() });
      appliance = createServer({ cert: own.certificate, key: own.key }, (socket) => {
        socket.on("error", () => socket.destroy());
        socket.resume();
      });
      await new Promise<void>((resolve, reject) => {
        appliance.once("error", reject);
        appliance.listen(0, lab.gateway, resolve);
      });
      const address = appliance.address();
      if (address === null || typeof address === "string") throw new Error("the server has no port");
      port = address.port;
    });

    afterAll(async () => {
      appliance?.close();
      await Lab.down(PREFIX);
      await rm(folder, { recursive: true, force: true });
    });

    const logSays = (host: LabHost, text: string) =>
      expect
        .poll(() => host.readFile("/var/log/quest/kace/konea.log"), { timeout: 120_000, interval: 250 })
        .toContain(text);

    test.each([
      { name: "deb", fileName: "ampagent-14.1.19.ubuntu.64.deb", put: ["dpkg", "-i"] },
      { name: "rpm", fileName: "ampagent-14.1.19-1.x86_64.rpm", put: ["rpm", "-U"] },
    ])("as $fileName", async ({ name, fileName, put }) => {
      const host = lab.host(name);
      const file = packages.find((one) => one.fileName === fileName);
      if (file === undefined) throw new Error(`there is no ${fileName}`);
      await host.writeFile(`/var/tmp/${fileName}`, await readFile(file.path));
      await host.run(["env", "KACE_SERVER=gateway", `KACE_TOKEN=${TOKEN}`, ...put, `/var/tmp/${fileName}`]);

      expect(await host.readFile("/var/quest/kace/version")).toBe("14.1.19\n");
      expect(await host.run(["/opt/quest/kace/bin/konea", "-version"])).toBe("14.1.19\n");
      expect(await host.readFile("/var/quest/kace/amp.conf")).toBe("host=gateway\n");
      expect(await host.run(["stat", "-c", "%a", "/var/quest/kace/sma.dat"])).toBe("600\n");
      expect(await host.run(["systemctl", "is-enabled", "konea"])).toBe("enabled\n");

      await host.run([TOOLS, "set", `PORT=${port}`]);
      expect(await host.run([TOOLS, "get", "port"])).toBe(`${port}\n`);
      await logSays(host, `connected to gateway:${port}`);
      expect(await host.run(["ss", "-Htnp", "state", "established", `( dport = :${port} )`])).toContain('"konea"');
      expect((await host.readFile("/var/quest/kace/kuid.txt")).trim()).toMatch(/^[0-9A-F-]{36}$/);
      expect(await host.readFile("/var/log/quest/kace/konea.log")).not.toContain(TOKEN);

      await host.run([TOOLS, "-resetconf", "-n", "host=other"]);
      expect(await host.run([TOOLS, "get"])).toBe("host=other\n");

      await host.run([TOOLS, "uninstall"]);
      expect(await host.exists("/opt/quest/kace")).toBe(false);
      expect(await host.exists("/var/quest/kace/kuid.txt")).toBe(true);
      expect((await host.exec(["pgrep", "-x", "konea"])).stdout).toBe("");
    });
  },
);
