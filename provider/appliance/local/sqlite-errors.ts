import { statfsSync } from "node:fs";
import { ApplianceError, type ApplianceErrorData } from "../errors.ts";

// Primary result codes: https://sqlite.org/rescode.html
const PERM = 3;
const BUSY = 5;
const LOCKED = 6;
const READONLY = 8;
const IOERR = 10;
const CORRUPT = 11;
const FULL = 13;
const CANTOPEN = 14;
const CONSTRAINT = 19;
const AUTH = 23;
const NOTADB = 26;

/** Below this nothing of use can be written. */
const LITTLE_ROOM_BYTES = 65_536;

/** The primary result code of an error of SQLite; undefined for any other error. */
function resultOf(error: unknown): number | undefined {
  return error instanceof Error && "errcode" in error && typeof error.errcode === "number"
    ? error.errcode & 0xff
    : undefined;
}

/** Whether another connection holds what is needed: trying again may help. */
export function isBusy(error: unknown): boolean {
  const result = resultOf(error);
  return result === BUSY || result === LOCKED;
}

/** Whether the file is no sound database. */
export function isDamage(error: unknown): boolean {
  const result = resultOf(error);
  return result === CORRUPT || result === NOTADB;
}

/** Whether something was to be made that is there already, or that belongs to what is not there. */
export function isConstraint(error: unknown): boolean {
  return resultOf(error) === CONSTRAINT;
}

/** Says in one sentence what SQLite refused; what is no error of SQLite's, or the program's own fault, stays as it is. */
export function describeSqliteError(error: unknown, folder: string): unknown {
  const result = resultOf(error);
  const detail = result === undefined ? undefined : detailOf(result, folder);
  return detail === undefined ? error : new ApplianceError({ ...detail, cause: error });
}

function detailOf(result: number, folder: string): ApplianceErrorData | undefined {
  const database = `the appliance's database in ${folder}`;
  const full: ApplianceErrorData = {
    code: "disk-full",
    message: `${database} cannot be written to: the disk is full`,
    hint: "make room and try again: what was recorded before is kept",
  };
  switch (result) {
    case BUSY:
    case LOCKED:
      return {
        code: "locked",
        message: `${database} is locked by another process`,
        hint: "wait until that process has finished, or end it",
      };
    case READONLY:
    case PERM:
    case AUTH:
      return {
        code: "read-only",
        message: `${database} cannot be written to: it is read-only`,
        hint: "run as the user whose folder it is, or set `database` to a folder that can be written to",
      };
    case CORRUPT:
    case NOTADB:
      return {
        code: "corrupt",
        message: `${database} is damaged, or not a database of this program`,
        hint: "restore the folder from a backup, or set `database` to a new folder",
      };
    case FULL:
      return full;
    case IOERR:
    case CANTOPEN:
      // A full disk also shows as a file of shared memory that cannot be made or made longer.
      if (roomIn(folder) < LITTLE_ROOM_BYTES) return full;
      return {
        code: "unavailable",
        message: `${database} cannot be ${result === IOERR ? "read or written: the disk reports an error" : "opened"}`,
        hint: "see that the folder is on a local disk and belongs to this user",
      };
    default:
      return undefined;
  }
}

function roomIn(folder: string): number {
  const { bavail, bsize } = statfsSync(folder);
  return bavail * bsize;
}
