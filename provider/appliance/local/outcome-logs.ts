import { constants, zstdCompressSync, zstdDecompressSync } from "node:zlib";
import * as z from "zod";
import { ApplianceError } from "../errors.ts";
import { build } from "./query.ts";
import { fromColumn, type Transaction } from "./transaction.ts";

/** What is unpacked to read one log is about so long at most, in characters; a log alone may be longer. */
const PACK_CHARACTERS = 256 * 1024;

/** Where the logs of machines are that were recorded together. */
export type PackOf = (machine: string) => number | null;

/**
 * Keeps the step logs of one call, compressed together: what runs do on machines is much the same on each, so that a
 * log among others takes a tenth of the room that it would take alone.
 */
export function keepLogs(
  tx: Transaction,
  runNumber: number,
  logs: readonly { readonly machine: string; readonly log?: string | undefined }[],
): PackOf {
  const packs = new Map<string, number>();
  let together: MachineLog[] = [];
  let characters = 0;
  const keep = () => {
    if (together.length === 0) return;
    const { row } = tx.queries.run(
      build.insertInto("outcome_log_packs").values({ run_number: runNumber, packed: packLogs(together) }),
    );
    for (const [machine] of together) packs.set(machine, row);
    together = [];
    characters = 0;
  };
  for (const { machine, log } of logs) {
    if (log === undefined) continue;
    if (characters > 0 && characters + log.length > PACK_CHARACTERS) keep();
    together.push([machine, log]);
    characters += log.length;
  }
  keep();
  return (machine) => packs.get(machine) ?? null;
}

function packLogs(logs: readonly MachineLog[]): Uint8Array {
  const params = { [constants.ZSTD_c_compressionLevel]: 3 };
  return zstdCompressSync(JSON.stringify(logs), { params });
}

const logsOfPack = z.array(z.tuple([z.string(), z.string()]));

type MachineLog = z.output<typeof logsOfPack>[number];

/** The log of a machine in a pack. @throws ApplianceError `corrupt` */
export function logIn(packed: string | Uint8Array, machine: string): string | undefined {
  const what = `the log of ${machine}`;
  const logs = fromColumn(logsOfPack, typeof packed === "string" ? packed : unpack(packed, what), what);
  // A machine that was recorded twice in one call has its last log.
  return logs.findLast(([name]) => name === machine)?.[1];
}

function unpack(packed: Uint8Array, what: string): string {
  try {
    return zstdDecompressSync(packed).toString();
  } catch (cause) {
    throw new ApplianceError({ code: "corrupt", message: `${what} in the database is not readable`, cause });
  }
}
