import { momentFrom } from "../../appliance/moment-text.ts";
import type { HistoryEntry } from "../../appliance/operations/history.ts";
import { inOptions, type OptionOf } from "../input-faults.ts";
import { type Column, printList } from "../output.ts";
import { type CommandSession, type ExitCode, UsageError } from "../session.ts";

const PAGE = 1_000;

/** What `kace history` is asked for. */
export interface HistoryQuery {
  readonly since?: string;
  readonly until?: string;
  readonly who?: string;
  readonly what?: string;
  readonly subject?: string;
  readonly limit: number;
}

const COLUMNS: readonly Column<HistoryEntry>[] = [
  ["when", ({ at }) => at],
  ["who", ({ who }) => who],
  ["what", ({ what }) => what],
  ["subject", ({ subject }) => subject],
  ["name", ({ subjectName }) => subjectName],
  [
    "changes",
    ({ changes }) =>
      changes.map(({ property, from, to }) => `${property}: ${shortened(from)} -> ${shortened(to)}`).join("; "),
  ],
];

/** So much of a value stands in the table: whole inputs and lists of packages are for `--json`. */
const MAX_SHOWN = 100;

function shortened(value: HistoryEntry["changes"][number]["from"]): string {
  const text = String(value);
  return text.length <= MAX_SHOWN ? text : `${text.slice(0, MAX_SHOWN)}…`;
}

/** What the appliance calls the properties that the options become. */
const OPTION_OF: OptionOf = { who: "--who", what: "--what", subject: "--subject" };

export async function showHistory(session: CommandSession, query: HistoryQuery): Promise<ExitCode> {
  const { since, until, limit, ...rest } = query;
  const window = {
    ...(since !== undefined && { since: momentOf("--since", since) }),
    ...(until !== undefined && { until: momentOf("--until", until) }),
  };
  if (window.since !== undefined && window.until !== undefined && window.until <= window.since)
    throw new UsageError(
      `--until ${until} is not after --since ${since}`,
      "--since is where it begins, --until where it ends",
    );
  const entries = await inOptions(OPTION_OF, () =>
    session.read(async (appliance) => {
      const found: HistoryEntry[] = [];
      let after: string | undefined;
      do {
        const page = await appliance.listHistory({
          ...rest,
          ...window,
          limit: Math.min(PAGE, limit - found.length),
          after,
        });
        found.push(...page.entries);
        after = page.next;
      } while (after !== undefined && found.length < limit);
      return found;
    }),
  );
  printList(session.terminal, session.json, entries, COLUMNS, "nothing like that was changed");
  return 0;
}

function momentOf(option: string, text: string): string {
  const moment = momentFrom(text, Date.now());
  if (moment !== undefined) return moment;
  throw new UsageError(
    `${option} ${text} is no moment`,
    'give a date ("2027-06-30"), a moment ("2027-06-30T18:00:00+02:00") or how long ago it was ("24h")',
  );
}
