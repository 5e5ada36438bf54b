import type { DatabaseSync as Connection } from "node:sqlite";

// Not by an import: a bundler moves those to the start of the whole program, where a Node without SQLite fails before
// it can be told so in a sentence, and where the module's own warning would greet everybody.
const sqlite = process.getBuiltinModule("node:sqlite");

/** SQLite's connection, which Node brings along. */
export const DatabaseSync = sqlite.DatabaseSync;
export type DatabaseSync = Connection;
