import { readFileSync } from "node:fs";
import { createServer } from "node:https";
import { WebSocketServer } from "ws";

/*
 * The yardstick of the appliance's server: Node's TLS and `ws`, which answer every frame with itself. Its argument is a
 * PEM file with a certificate and its key. Says its port on a line of its own.
 */

const pem = readFileSync(process.argv[2] ?? "", "utf8");
const https = createServer({ cert: pem, key: pem, minVersion: "TLSv1.2" });
const webSockets = new WebSocketServer({ server: https, perMessageDeflate: false, clientTracking: false });
webSockets.on("connection", (socket) => {
  socket.on("message", (data, isBinary) => socket.send(data, { binary: isBinary }));
  socket.on("error", () => socket.terminate());
});
// Whoever only shakes hands breaks off.
https.on("tlsClientError", (_error, socket) => socket.destroy());
https.listen({ host: "127.0.0.1", port: 0, backlog: 4_096 }, () => {
  const address = https.address();
  if (address === null || typeof address === "string") throw new Error("the server has no port");
  console.log(address.port);
});
