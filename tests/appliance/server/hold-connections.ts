import { readFileSync } from "node:fs";
import { connect } from "node:net";

/**
 * A program of its own, so that its sockets do not count as the server's: opens connections and leaves them half-open,
 * as many as are asked for, or as fit into what the system allows a process. Says how many it tried and how many were
 * opened, then holds them until its standard input ends.
 */
const [port = "", count = ""] = process.argv.slice(2);

/** One address of the loopback network can hold only so many; a few play that many attackers. */
const ADDRESSES = 10;

let opened = 0;
let settled = 0;
const all = Math.min(Number(count), openFilesAllowed() - 200);
for (let index = 0; index < all; index++) {
  const socket = connect({ port: Number(port), host: "127.0.0.1", localAddress: `127.0.1.${1 + (index % ADDRESSES)}` });
  let counted = false;
  const settle = () => {
    if (counted) return;
    counted = true;
    settled += 1;
    if (settled === all) process.stdout.write(`${JSON.stringify({ tried: all, opened })}\n`);
  };
  socket.once("connect", () => {
    opened += 1;
    // The first byte of a TLS handshake, and never the rest.
    socket.write(Buffer.from([0x16]));
    settle();
  });
  socket.on("error", settle);
  socket.resume();
}
process.stdin.once("end", () => process.exit(0)).resume();

/** Node raises the soft limit to the hard one when it starts. */
function openFilesAllowed(): number {
  const [, soft] = /^Max open files\s+(\d+)/m.exec(readFileSync("/proc/self/limits", "utf8")) ?? [];
  return Number(soft ?? 1_024);
}
