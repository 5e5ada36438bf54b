import type { historyOperations } from "../operations/history.ts";
import { historyOperations as operations } from "../operations/history.ts";
import type { HandlersOf } from "./handlers.ts";
import { numberAt, page } from "./paging.ts";
import { build } from "./query.ts";
import { fromColumn, moment } from "./transaction.ts";

const changes = operations.listHistory.output.shape.entries.element.shape.changes;

export const historyHandlers: HandlersOf<typeof historyOperations> = {
  listHistory(tx, { subject, limit, after }) {
    let query = build
      .selectFrom("history")
      .selectAll()
      .orderBy("sequence", "desc")
      .limit(limit + 1);
    if (subject !== undefined) query = query.where("subject", "=", subject);
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
