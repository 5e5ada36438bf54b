import { readFileSync } from "node:fs";

/** The one place where these benches read their shell text. */
export const BENCH_SCRIPTS = {
  forget: readFileSync(new URL("./forget.sh", import.meta.url), "utf8"),
} as const;
