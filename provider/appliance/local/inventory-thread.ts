import { parentPort } from "node:worker_threads";
import { readyInventory } from "./ready-inventory.ts";

/*
 * The program of a thread that makes inventories ready to be kept: it is sent the JSON of several, and answers with what
 * became of each, in the same order. InventoryReader starts it.
 */

const port = parentPort;
if (port === null) throw new Error("this runs in a thread of its own");
port.on("message", (texts: readonly string[]) => {
  const readied = texts.map(readyInventory);
  port.postMessage(
    readied,
    readied.flatMap((one) => ("content" in one ? [one.content.buffer] : [])),
  );
});
