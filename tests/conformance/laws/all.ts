import type { Law } from "../law.ts";
import { answers } from "./answers.ts";
import { cancellation } from "./cancel.ts";
import { check } from "./check.ts";
import { crash } from "./crash.ts";
import { deletion } from "./delete.ts";
import { diff } from "./diff.ts";
import { importing } from "./import.ts";
import { preview } from "./preview.ts";
import { schema } from "./schema.ts";
import { secrets } from "./secrets.ts";
import { timeouts } from "./timeouts.ts";
import { unknowns } from "./unknowns.ts";

/** Every law, in the order of their letters. */
export const LAWS: readonly Law[] = [
  answers,
  check,
  unknowns,
  secrets,
  diff,
  preview,
  importing,
  deletion,
  cancellation,
  timeouts,
  crash,
  schema,
];
