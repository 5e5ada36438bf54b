import type { Server } from "node:https";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { WebSocketServer } from "ws";
import { AGENT_PATH } from "../http.ts";
import { MAX_MESSAGE_BYTES } from "../operations/devices.ts";
import { type AgentContext, serveAgent } from "./agent-connection.ts";

/** What becomes of the connections of agents. */
export interface AgentArrivals {
  readonly onAccepted: (socket: Socket) => void;
  /** Counts one more connection from an address; how many milliseconds it is too early, 0 where it is not. */
  readonly waitOf: (address: string) => number;
}

/** Agents come by an upgrade to a WebSocket; every other upgrade is refused. */
export function takeAgents(https: Server, context: AgentContext, { onAccepted, waitOf }: AgentArrivals): void {
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
      return refuse(socket, context.isStopping() ? "503 Service Unavailable" : "404 Not Found");
    }
    const address = request.socket.remoteAddress ?? "an unknown address";
    // Before anything is made or computed for it.
    const waitMs = waitOf(address);
    if (waitMs > 0) return refuse(socket, "429 Too Many Requests", `Retry-After: ${Math.ceil(waitMs / 1_000)}\r\n`);
    const arrival = arrivalOf(request.socket, { host, address, onAccepted });
    // The challenge goes out with the answer to the upgrade.
    socket.cork();
    webSockets.handleUpgrade(request, socket, head, (agent) => serveAgent(agent, context, arrival));
    socket.uncork();
  });
}

/** Apart from where the request is at hand: what is kept as long as the connection must not keep that too. */
function arrivalOf(
  socket: Socket,
  { host, address, onAccepted }: { host: string; address: string; onAccepted: AgentArrivals["onAccepted"] },
) {
  return { host, address, onAccepted: () => onAccepted(socket) };
}

function refuse(socket: Duplex, status: string, headers = ""): void {
  socket.on("error", () => socket.destroy());
  socket.end(`HTTP/1.1 ${status}\r\n${headers}Connection: close\r\nContent-Length: 0\r\n\r\n`);
}
