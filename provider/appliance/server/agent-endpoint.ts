import type { Server } from "node:https";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { WebSocketServer } from "ws";
import { AGENT_PATH } from "../http.ts";
import { type AgentContext, serveAgent } from "./agent-connection.ts";
import { MAX_MESSAGE_BYTES } from "./messages.ts";

/** Agents come by an upgrade to a WebSocket; every other upgrade is refused. */
export function takeAgents(https: Server, context: AgentContext, onAccepted: (socket: Socket) => void): void {
  const options = {
    noServer: true,
    perMessageDeflate: false,
    maxPayload: MAX_MESSAGE_BYTES,
    clientTracking: false,
    // How long an agent that was told to go may still hold its socket; one that is silent does not answer a close.
    closeTimeout: 1_000,
  };
  const webSockets = new WebSocketServer(options);
  https.on("upgrade", (request, socket: Duplex, head) => {
    const { host } = request.headers;
    if (context.isStopping() || host === undefined || request.url !== AGENT_PATH) {
      const status = context.isStopping() ? "503 Service Unavailable" : "404 Not Found";
      socket.on("error", () => socket.destroy());
      socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
      return;
    }
    webSockets.handleUpgrade(request, socket, head, (agent) => {
      serveAgent(agent, context, {
        host,
        address: request.socket.remoteAddress ?? "an unknown address",
        onAccepted: () => onAccepted(request.socket),
      });
    });
  });
}
