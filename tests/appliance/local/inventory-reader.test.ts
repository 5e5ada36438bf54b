import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { zstdDecompressSync } from "node:zlib";
import { describe, expect, it, onTestFinished } from "vitest";
import { InventoryReader } from "../../../provider/appliance/local/inventory-reader.ts";
import { readyInventory } from "../../../provider/appliance/local/ready-inventory.ts";

const READER = join(import.meta.dirname, "../../../provider/appliance/local/inventory-reader.ts");

/** Of a host with so many addresses. */
function inventoryOf(number: number, addresses = 3) {
  return {
    collectedAt: "2027-03-01T08:00:00Z",
    hostname: `größe-${number}`,
    os: { platform: "linux", id: "debian", version: "12", name: "Debian GNU/Linux 12", architecture: "amd64" },
    agentVersion: "1.2.3",
    addresses: Array.from(
      { length: addresses },
      (_, index) => `10.${number % 250}.${Math.floor(index / 250)}.${index % 250}`,
    ),
    macs: ["02:00:00:00:00:01"],
  };
}

function unpacked(content: Uint8Array): unknown {
  return JSON.parse(zstdDecompressSync(content).toString());
}

async function program(text: string): Promise<URL> {
  const folder = await mkdtemp(join(tmpdir(), "kace-thread-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const file = join(folder, "thread.mjs");
  await writeFile(file, text);
  return pathToFileURL(file);
}

describe("inventories that are read in a thread of their own", () => {
  it("come back in the order they came in, however many there are and however long", async () => {
    const inventories = Array.from({ length: 250 }, (_, number) => inventoryOf(number, 1 + ((number * 37) % 900)));
    const reader = new InventoryReader();
    const ready = await Promise.all(inventories.map((inventory) => reader.read(JSON.stringify(inventory))));
    expect(ready.map(({ content }) => unpacked(content))).toEqual(inventories);
    expect(ready[7]).toMatchObject({
      reported: { hostname: "größe-7", address: "10.7.0.0" },
      addresses: expect.stringContaining('"isPart":true'),
    });
  });

  it("say each for itself what is wrong with it", async () => {
    const reader = new InventoryReader();
    const texts = [
      JSON.stringify(inventoryOf(1)),
      '{"hostname":"canary',
      JSON.stringify({ ...inventoryOf(3), macs: ["02:00:00:00:00:01", `canary${"x".repeat(100)}`] }),
      "[]",
      JSON.stringify(inventoryOf(5)),
    ];
    const outcomes = await Promise.allSettled(texts.map((text) => reader.read(text)));
    expect(outcomes.map(({ status }) => status)).toEqual([
      "fulfilled",
      "rejected",
      "rejected",
      "rejected",
      "fulfilled",
    ]);
    const reasons = outcomes.flatMap((outcome) => (outcome.status === "rejected" ? [outcome.reason] : []));
    expect(reasons.map(({ code, message }) => `${code} ${message}`)).toEqual([
      "invalid recordInventory: inventory: it is not JSON",
      "invalid recordInventory: inventory.macs[1]: expected at most 100 characters",
      "invalid recordInventory: inventory: expected object, received array",
    ]);
  });

  it("fail with their thread, and the next ones get another", async () => {
    const reader = new InventoryReader(
      await program(`
        import { parentPort } from "node:worker_threads";
        parentPort.on("message", (texts) => {
          if (texts.includes("end")) process.exit(3);
          if (texts.includes("throw")) throw new Error("there is no memory");
          parentPort.postMessage(texts.map((text) => ({ content: new TextEncoder().encode(text) })));
        });
      `),
    );
    const first = reader.read("end");
    // Comes while the thread is at work, and is not lost with it.
    const second = reader.read("second");
    await expect(first).rejects.toThrow("ended with exit code 3");
    expect(Buffer.from((await second).content).toString()).toBe("second");
    await expect(reader.read("throw")).rejects.toThrow("there is no memory");
    expect(Buffer.from((await reader.read("third")).content).toString()).toBe("third");
  });

  it("are waited for by a process that has nothing else to do, which then ends", async () => {
    const script = `
      import { InventoryReader } from ${JSON.stringify(pathToFileURL(READER))};
      const { reported } = await new InventoryReader().read(${JSON.stringify(JSON.stringify(inventoryOf(1)))});
      console.log(reported.hostname);
    `;
    const file = await program(script);
    const { stdout } = await promisify(execFile)(process.execPath, [file.pathname], { timeout: 60_000 });
    expect(stdout).toBe("größe-1\n");
  });
});

describe("an inventory that is made ready", () => {
  it("keeps nothing that this version does not know", () => {
    const ready = readyInventory(JSON.stringify({ type: "inventory", ...inventoryOf(1), later: { x: 1 } }));
    if (!("content" in ready)) throw new Error(JSON.stringify(ready.problems));
    expect(unpacked(ready.content)).toEqual(inventoryOf(1));
  });

  it("takes less room than it did", () => {
    const text = JSON.stringify(inventoryOf(1, 900));
    const ready = readyInventory(text);
    if (!("content" in ready)) throw new Error(JSON.stringify(ready.problems));
    expect(ready.content.buffer.byteLength).toBe(ready.content.byteLength);
    expect(ready.content.byteLength).toBeLessThan(text.length / 2);
  });
});
