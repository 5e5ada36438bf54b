import { expressionBuilder, type OperationNode } from "kysely";
import { build } from "./query.ts";
import type { Tables } from "./tables.ts";

/** What of a table those may see who are kept to one organization. */
export interface Visibility {
  /** The rows they may see, as a condition on columns of the table; undefined where all may see all of it. */
  readonly rows: ((organization: string) => OperationNode) | undefined;
  /** The column that says whose a row is; undefined where its parent says it. */
  readonly column?: "organization" | "name";
  /** What people call its rows that keep an organization from being deleted; rows without a name go with it. */
  readonly contents?: string;
}

/** Rows that say themselves whose they are, in a column of one name everywhere. */
function owned(contents?: string): Visibility {
  const eb = expressionBuilder<Tables, "tokens">();
  const rows = (organization: string) => eb("organization", "=", organization).toOperationNode();
  return { rows, column: "organization", ...(contents === undefined ? {} : { contents }) };
}

const tokens = (organization: string) =>
  build.selectFrom("tokens").select("id").where("organization", "=", organization);
const bundles = (organization: string) =>
  build.selectFrom("bundles").select("id").where("organization", "=", organization);
const configurations = (organization: string) =>
  build.selectFrom("configurations").select("id").where("organization", "=", organization);
const runs = (organization: string) =>
  build.selectFrom("runs").select("number").where("configuration_id", "in", configurations(organization));

/** Rows that belong to what another table says. */
function within<Table extends keyof Tables>(
  condition: (eb: ReturnType<typeof expressionBuilder<Tables, Table>>, organization: string) => Condition,
): Visibility {
  const eb = expressionBuilder<Tables, Table>();
  return { rows: (organization) => condition(eb, organization).toOperationNode() };
}

type Condition = { toOperationNode(): OperationNode };

const forAll: Visibility = { rows: undefined };

/**
 * Whose the rows of every table are. The compiler asks for an entry for each table there is, so that none is shown to
 * everybody because it was forgotten; a query on a table that has none is refused.
 */
export const VISIBILITY: { readonly [Table in keyof Tables]: Visibility } & Readonly<Record<string, Visibility>> = {
  meta: forAll,
  server: forAll,
  appliance_settings: forAll,
  agent_settings: owned(),
  organizations: {
    rows: (organization) => expressionBuilder<Tables, "organizations">()("name", "=", organization).toOperationNode(),
    column: "name",
  },
  tokens: owned("tokens"),
  token_values: within<"token_values">((eb, of) => eb("token_id", "in", tokens(of))),
  token_uses: within<"token_uses">((eb, of) => eb("token_id", "in", tokens(of))),
  bundles: owned("bundles"),
  bundle_packages: within<"bundle_packages">((eb, of) => eb("bundle_id", "in", bundles(of))),
  // What the source of updates has brought is for every organization.
  downloads: forAll,
  download_packages: forAll,
  update_source: forAll,
  package_owners: owned(),
  // The same content may be in bundles of several organizations: it is seen by those that have shown they have it.
  package_contents: within<"package_contents">((eb, of) =>
    eb.or([
      eb("sha256", "in", build.selectFrom("package_owners").select("sha256").where("organization", "=", of)),
      eb("sha256", "in", build.selectFrom("bundle_packages").select("sha256").where("bundle_id", "in", bundles(of))),
      eb("sha256", "in", build.selectFrom("download_packages").select("sha256")),
    ]),
  ),
  // They are learned anew, and a `destroy` of the program that made the organization leaves them.
  host_keys: owned(),
  configurations: owned("configurations"),
  schedules: within<"schedules">((eb, of) => eb("configuration_id", "in", configurations(of))),
  runs: within<"runs">((eb, of) => eb("configuration_id", "in", configurations(of))),
  outcome_machines: within<"outcome_machines">((eb, of) => eb("configuration_id", "in", configurations(of))),
  outcome_facts: within<"outcome_facts">((eb, of) =>
    eb(
      "machine_number",
      "in",
      build.selectFrom("outcome_machines").select("number").where("configuration_id", "in", configurations(of)),
    ),
  ),
  outcomes: within<"outcomes">((eb, of) => eb("run_number", "in", runs(of))),
  outcome_log_packs: within<"outcome_log_packs">((eb, of) => eb("run_number", "in", runs(of))),
  devices: owned("devices"),
  inventories: within<"inventories">((eb, of) =>
    eb("kuid", "in", build.selectFrom("devices").select("kuid").where("organization", "=", of)),
  ),
  device_addresses: within<"device_addresses">((eb, of) =>
    eb("kuid", "in", build.selectFrom("devices").select("kuid").where("organization", "=", of)),
  ),
  labels: owned("labels"),
  quarantine_decisions: owned("decisions about the quarantine"),
  key_conflicts: owned(),
  messages: owned(),
  task_payloads: owned(),
  tasks: owned(),
  task_outputs: within<"task_outputs">((eb, of) =>
    eb("task_id", "in", build.selectFrom("tasks").select("id").where("organization", "=", of)),
  ),
  update_policies: owned(),
  update_attempts: owned(),
  device_changes: within<"device_changes">((eb, of) =>
    eb("kuid", "in", build.selectFrom("devices").select("kuid").where("organization", "=", of)),
  ),
  // Rows of no organization concern the appliance as a whole: they are for those who see all of it.
  history: owned(),
  api_tokens: owned("API tokens"),
};

/** What is known of a table. @throws TypeError for one that nothing is said of: better no answer than another's rows */
export function visibilityOf(table: string): Visibility {
  const known = Object.hasOwn(VISIBILITY, table) ? VISIBILITY[table] : undefined;
  if (known !== undefined) return known;
  throw new TypeError(`whose the rows of ${table} are is not said, so that they are not shown to one organization`);
}
