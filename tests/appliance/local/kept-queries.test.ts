import { DatabaseSync } from "node:sqlite";
import { sql } from "kysely";
import { beforeEach, describe, expect, it } from "vitest";
import { keptTo } from "../../../provider/appliance/local/kept-queries.ts";
import { migrate, migrations } from "../../../provider/appliance/local/migrations.ts";
import { build, listed, Queries } from "../../../provider/appliance/local/query.ts";
import { VISIBILITY, visibilityOf } from "../../../provider/appliance/local/visibility.ts";

/** Two organizations with a configuration, a run and a device each. */
function filled(): Queries {
  const database = new DatabaseSync(":memory:");
  migrate(database, 0, migrations);
  for (const [number, organization] of ["berlin", "bonn"].entries()) {
    database.exec(`
      INSERT INTO organizations (name, created_at) VALUES ('${organization}', 1);
      INSERT INTO configurations (id, organization, name, description, created_at, updated_at)
        VALUES ('config-${organization}', '${organization}', 'fleet', '{}', 1, 1);
      INSERT INTO runs (number, id, configuration_id, kind, state, holder, started_at, lease_until)
        VALUES (${number + 1}, 'run-${organization}', 'config-${organization}', 'up', 'running', 'a test', 1, 1);
      INSERT INTO history (at, who, what, subject, subject_name, changes, organization)
        VALUES (1, 'a test', 'saveConfiguration', 'configuration:config-${organization}', 'fleet', '[]', '${organization}');
    `);
  }
  database.exec(
    "INSERT INTO history (at, who, what, subject, subject_name, changes) VALUES (1, 'a', 'b', 'server', 's', '[]')",
  );
  return new Queries(database);
}

describe("the queries of somebody who is kept to one organization", () => {
  let all: Queries;
  let berlin: Queries;
  beforeEach(() => {
    all = filled();
    berlin = all.rewritten(keptTo("berlin"));
  });

  const selects = {
    "of a table": build.selectFrom("configurations").select("id"),
    "with an alias": build.selectFrom("configurations as c").select("c.id"),
    "of a join": build
      .selectFrom("runs")
      .innerJoin("configurations", "configurations.id", "runs.configuration_id")
      .select("configurations.id"),
    "of a join whose other side is filtered only": build
      .selectFrom("server")
      .rightJoin("configurations as c", (join) => join.onTrue())
      .select("c.id"),
    "by what belongs to it": build.selectFrom("runs").select("configuration_id as id"),
    "in a condition": build
      .selectFrom("meta")
      .rightJoin("configurations", (join) => join.onTrue())
      .select("configurations.id")
      .where((eb) =>
        eb.exists(eb.selectFrom("runs").select("id").whereRef("configuration_id", "=", "configurations.id")),
      ),
    "in a selection": build
      .selectFrom("configurations")
      .select((eb) => eb.selectFrom("runs").select("configuration_id").limit(1).as("id")),
    "in an expression of its own": build
      .with("named", (db) => db.selectFrom("configurations").select("id"))
      .selectFrom("named")
      .select("id"),
    "of everything, with another one's id asked for": build
      .selectFrom("configurations")
      .select("id")
      .where((eb) => eb.or([eb("id", "=", "config-bonn"), eb("id", "in", listed(["config-berlin", "config-bonn"]))])),
  };
  it.each(Object.entries(selects))("see nothing of another one: a select %s", (_, query) => {
    expect(berlin.all(query).map(({ id }) => id)).toEqual(["config-berlin"]);
  });

  it("see no history that is the whole appliance's", () => {
    const history = build.selectFrom("history").select("subject").orderBy("sequence");
    expect(berlin.all(history).map(({ subject }) => subject)).toEqual(["configuration:config-berlin"]);
    expect(all.all(history)).toHaveLength(3);
  });

  it("change nothing of another one", () => {
    const rename = build.updateTable("configurations").set({ name: "changed" });
    expect(berlin.run(rename).changes).toBe(1);
    expect(
      berlin.run(rename.where((eb) => eb.or([eb("id", "=", "config-bonn"), eb("name", "=", "fleet")]))).changes,
    ).toBe(0);
    expect(berlin.run(build.updateTable("runs").set({ holder: "changed" })).changes).toBe(1);
    expect(all.first(build.selectFrom("configurations").select("name").where("id", "=", "config-bonn"))?.name).toBe(
      "fleet",
    );
  });

  it("delete nothing of another one", () => {
    expect(berlin.run(build.deleteFrom("runs").where("id", "=", "run-bonn")).changes).toBe(0);
    expect(berlin.run(build.deleteFrom("configurations")).changes).toBe(1);
    expect(all.all(build.selectFrom("runs").select("id"))).toEqual([{ id: "run-bonn" }]);
  });

  const row = { urn: null, name: "other", description: "{}", created_at: 1, updated_at: 1 };

  it("do not overwrite what they cannot see: it is a conflict that does not say whose it is", () => {
    const values = { ...row, id: "config-bonn", organization: "berlin" };
    const save = build
      .insertInto("configurations")
      .values(values)
      .onConflict((conflict) => conflict.column("id").doUpdateSet(values));
    expect(() => berlin.run(save)).toThrow(expect.objectContaining({ code: "conflict" }));
    expect(() => berlin.run(build.insertInto("configurations").values(values))).toThrow(
      expect.objectContaining({ code: "conflict", message: expect.not.stringContaining("bonn") }),
    );
    expect(all.first(build.selectFrom("configurations").selectAll().where("id", "=", "config-bonn"))).toMatchObject({
      organization: "bonn",
      name: "fleet",
    });
  });

  const refused = {
    "that make something of another organization": build
      .insertInto("configurations")
      .values({ ...row, id: "config-2", organization: "bonn" }),
    "that make something of none": build.insertInto("history").values({
      at: 1,
      who: "a",
      what: "b",
      subject: "c",
      subject_name: "d",
      changes: "[]",
    }),
    "that give something away": build.updateTable("configurations").set({ organization: "bonn" }),
    "of text that reads a table": build
      .selectFrom("meta")
      .select(sql<string>`(select id from configurations limit 1)`.as("id")),
    "of tables that nobody knows": build
      .selectFrom(sql.table("sqlite_schema").as("s"))
      .select(sql<string>`name`.as("id")),
  };
  it.each(Object.entries(refused))("are refused where they are %s", (_, query) => {
    expect(() => berlin.run(query)).toThrow(TypeError);
  });

  it("know whose the rows of every table are", () => {
    const database = new DatabaseSync(":memory:");
    migrate(database, 0, migrations);
    const tables = database
      .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name")
      .all()
      .map(({ name }) => String(name));
    expect(Object.keys(VISIBILITY)).toEqual(expect.arrayContaining(tables));
    for (const table of tables) {
      const columns = database
        .prepare(`PRAGMA table_info("${table}")`)
        .all()
        .map(({ name }) => name);
      const says = visibilityOf(table).column === "organization";
      expect(says, `${table} has a column that says whose a row is`).toBe(columns.includes("organization"));
    }
  });
});
