import { createServer } from "node:net";

/*
 * Listens on all addresses at the port that is its one argument, or at any free port for 0, and hangs up on whoever
 * connects. Says its port on a line of its own.
 */

const server = createServer({ pauseOnConnect: true }, (socket) => {
  socket.on("error", () => undefined); // a reset is how probes hang up
  socket.destroy();
});
server.listen({ host: "0.0.0.0", port: Number(process.argv[2] ?? 0), backlog: 4_096 }, () => {
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the server has no port");
  console.log(address.port);
});
