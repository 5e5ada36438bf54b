import type { ExpressionBuilder } from "kysely";
import type { historyOperations } from "../operations/history.ts";
import { historyOperations as operations } from "../operations/history.ts";
import type { HandlersOf } from "./handlers.ts";
import { numberAt, page } from "./paging.ts";
import { build } from "./query.ts";
import type { Tables } from "./tables.ts";
import { fromColumn, moment } from "./transaction.ts";

const changes = operations.listHistory.output.shape.entries.element.shape.changes;

/** Whether a column has a text in it, upper and lower case being the same. */
function contains(eb: ExpressionBuilder<Tables, "history">, column: "who" | "what", text: string) {
  return eb(eb.fn<number>("instr", [eb.fn("lower", [column]), eb.val(text.toLowerCase())]), ">", 0);
}

export const historyHandlers: HandlersOf<typeof historyOperations> = {
  listHistory(tx, { organization, subject, who, what, since, until, limit, after }) {
    let query = build
      .selectFrom("history")
      .selectAll()
      .orderBy("sequence", "desc")
      .limit(limit + 1);
    if (organization !== undefined) query = query.where("organization", "=", organization);
    if (subject !== undefined)
      query = query.where((eb) => eb.or([eb("subject", "=", subject), eb("subject_name", "=", subject)]));
    if (who !== undefined) query = query.where((eb) => contains(eb, "who", who));
    if (what !== undefined) query = query.where((eb) => contains(eb, "what", what));
    if (since !== undefined) query = query.where("at", ">=", Date.parse(since));
    if (until !== undefined) query = query.where("at", "<", Date.parse(until));
    if (after !== undefined) query = query.where("sequence", "<", numberAt(after, 0));
    const { items, next } = page(
      tx.queries.all(query),
      limit,
      (row) => [row.sequence],
      (row) => ({
        sequence: row.sequence,
        at: moment(row.at),
        who: row.who,
        what: row.what,
        subject: row.subject,
        subjectName: row.subject_name,
        changes: fromColumn(changes, row.changes, `entry ${row.sequence} of the history`),
      }),
    );
    return { entries: items, next };
  },
};
