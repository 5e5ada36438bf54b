import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:https";
import { onTestFinished } from "vitest";
import { ownCertificate } from "../../../provider/appliance/certificates/own.ts";
import { freshFolder } from "./archives.ts";

/** An https server of loopback with an authority of its own, until the test has finished. */
export async function indexServer(
  answer: (path: string, response: ServerResponse) => void,
): Promise<{ readonly address: string; readonly ca: string; readonly asked: readonly string[] }> {
  const identity = await ownCertificate({ folder: await freshFolder(), names: ["localhost"], now: Date.now() });
  const asked: string[] = [];
  const server = createServer(
    { cert: identity.certificate, key: identity.key },
    ({ url = "" }: IncomingMessage, response) => {
      asked.push(url);
      answer(url, response);
    },
  );
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const at = server.address();
  if (at === null || typeof at === "string") throw new Error("the server has no port");
  return { address: `https://localhost:${at.port}/agents/index.json`, ca: identity.authority ?? "", asked };
}
