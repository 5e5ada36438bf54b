import type { Operation } from "./resource.ts";
import type { Duration } from "./scalars.ts";

/** How long an operation on a resource may take where neither its descriptor nor the user says. */
export const DEFAULT_TIMEOUTS: Readonly<Record<Operation, Duration>> = {
  create: "20m",
  read: "5m",
  update: "20m",
  delete: "20m",
};

/** How long a function may take where its descriptor does not say. */
export const DEFAULT_FUNCTION_TIMEOUT: Duration = "5m";
