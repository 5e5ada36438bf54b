import * as z from "zod";
import { ApplianceError } from "../errors.ts";

/** The version of both formats, described in docs/operations.md. A change that old readers would misread raises it. */
export const ARCHIVE_FORMAT = 1;

/** The first file of every archive: says what the rest is. */
export const HEADER_NAME = "archive.json";
/** The last file: names all others with their checksums, so that an archive that was cut or changed is noticed. */
export const CONTENTS_NAME = "contents.json";

/** A backup is for the appliance it was made of; an export for another one. */
export type ArchiveKind = "backup" | "export";

const format = z.object({ kind: z.enum(["backup", "export"]), format: z.int().min(1) });

export const archiveHeader = format.extend({
  /** RFC 3339: the moment that everything in it is of. */
  madeAt: z.iso.datetime(),
  /** The version of the program that made it. */
  program: z.string(),
  /** The version of the database's schema. */
  schema: z.int().min(1),
  /** Of exports: whether secrets are in it, encrypted. A backup has them as they are. */
  secrets: z.enum(["plain", "sealed", "left out"]),
});

export type ArchiveHeader = z.output<typeof archiveHeader>;

/** One file of an archive. */
export const archivedFile = z.object({
  name: z.string(),
  sizeBytes: z.int().min(0),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
});

export type ArchivedFile = z.output<typeof archivedFile>;

export const archiveContents = z.object({ files: z.array(archivedFile) });

const COMMANDS: Readonly<Record<ArchiveKind, string>> = { backup: "kace restore", export: "kace import" };

/**
 * Reads the first file of an archive.
 * @throws ApplianceError `newer-version`, or `invalid` where it is of another kind or no archive at all
 */
export function readHeader(text: string, path: string, expected: ArchiveKind): ArchiveHeader {
  const known = format.safeParse(parsed(text));
  if (!known.success) throw notAnArchive(path, expected);
  if (known.data.format > ARCHIVE_FORMAT) {
    throw new ApplianceError({
      code: "newer-version",
      message: `${path} has the format ${known.data.format}; this program knows ${ARCHIVE_FORMAT}`,
      hint: "use the newer version of this program that made it",
    });
  }
  if (known.data.kind !== expected) {
    const { kind } = known.data;
    throw new ApplianceError({
      code: "invalid",
      message: `${path} is ${kind === "export" ? "an export" : "a backup"}`,
      hint: `\`${COMMANDS[kind]}\` takes it`,
    });
  }
  const header = archiveHeader.safeParse(parsed(text));
  if (header.success) return header.data;
  throw new ApplianceError({ code: "invalid", message: `${path}: ${HEADER_NAME} is not as this program writes it` });
}

/** The answer to a file that is something else. */
export function notAnArchive(path: string, expected: ArchiveKind, cause?: unknown): ApplianceError {
  return new ApplianceError({
    code: "invalid",
    message: `${path} is no ${expected} of an appliance`,
    hint: `give a file that \`kace ${expected}\` made`,
    cause,
  });
}

/** The answer to an archive that is not as it was when it was made. */
export function damaged(path: string, how: string, cause?: unknown): ApplianceError {
  return new ApplianceError({
    code: "invalid",
    message: `${path} is not as it was made: ${how}`,
    hint: "it was cut or changed on the way: take another copy",
    cause,
  });
}

/** JSON, or undefined for what is none. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** The JSON of a file of an archive, as its schema says. @throws ApplianceError `invalid` */
export function readJson<Schema extends z.ZodType>(
  schema: Schema,
  text: string,
  path: string,
  name: string,
): z.output<Schema> {
  const result = schema.safeParse(parsed(text));
  if (result.success) return result.data;
  throw damaged(path, `${name} is not readable`);
}
