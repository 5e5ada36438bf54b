import {
  AliasNode,
  AndNode,
  ColumnNode,
  type DeleteQueryNode,
  FromNode,
  IdentifierNode,
  type InsertQueryNode,
  type JoinNode,
  type OnConflictNode,
  type OperationNode,
  OperationNodeTransformer,
  ParensNode,
  PrimitiveValueListNode,
  type QueryId,
  type RawNode,
  SelectionNode,
  SelectQueryNode,
  SqliteQueryCompiler,
  TableNode,
  type UpdateQueryNode,
  ValueListNode,
  ValueNode,
  ValuesNode,
  WhereNode,
} from "kysely";
import type { Rewrite } from "./query.ts";
import { visibilityOf } from "./visibility.ts";

/**
 * Rewrites queries so that they see and change the rows of one organization only: what belongs to another is, for
 * whoever asks, not there. Every query of somebody who is kept to an organization goes through here, whatever operation
 * it is of, so that no operation can forget it.
 */
class KeptToOrganization extends OperationNodeTransformer {
  readonly #organization: string;
  /** Names that a query itself defines: what they are made of has been rewritten already. */
  readonly #defined = new Set<string>();

  constructor(organization: string) {
    super();
    this.#organization = organization;
  }

  protected override transformSelectQuery(node: SelectQueryNode, queryId?: QueryId): SelectQueryNode {
    for (const { name } of node.with?.expressions ?? []) this.#defined.add(tableName(name.table));
    return super.transformSelectQuery(node, queryId);
  }

  protected override transformFrom(node: FromNode, queryId?: QueryId): FromNode {
    const { froms } = super.transformFrom(node, queryId);
    return FromNode.create(froms.map((from) => this.#visible(from)));
  }

  protected override transformJoin(node: JoinNode, queryId?: QueryId): JoinNode {
    const join = super.transformJoin(node, queryId);
    return { ...join, table: this.#visible(join.table) };
  }

  protected override transformDeleteQuery(node: DeleteQueryNode, queryId?: QueryId): DeleteQueryNode {
    const [target, ...more] = node.from.froms;
    if (target === undefined || !TableNode.is(target) || more.length > 0) throw unknownForm("delete");
    const rest = super.transformDeleteQuery({ ...node, from: FromNode.create([]) }, queryId);
    return { ...rest, from: node.from, ...this.#narrowed(target, rest.where) };
  }

  protected override transformUpdateQuery(node: UpdateQueryNode, queryId?: QueryId): UpdateQueryNode {
    if (node.table === undefined || !TableNode.is(node.table)) throw unknownForm("update");
    const { column } = visibilityOf(tableName(node.table));
    const moves = (node.updates ?? []).some(
      (update) => ColumnNode.is(update.column) && update.column.column.name === column,
    );
    if (moves) throw unknownForm("update to another organization");
    const rest = super.transformUpdateQuery(node, queryId);
    return { ...rest, ...this.#narrowed(node.table, rest.where) };
  }

  protected override transformInsertQuery(node: InsertQueryNode, queryId?: QueryId): InsertQueryNode {
    if (node.into === undefined) throw unknownForm("insert");
    this.#requireOwn(node, node.into);
    const rest = super.transformInsertQuery(node, queryId);
    if (rest.onConflict?.updates === undefined) return rest;
    const { where: updateWhere } = this.#narrowed(node.into, rest.onConflict.updateWhere);
    const onConflict: OnConflictNode = { ...rest.onConflict, ...(updateWhere === undefined ? {} : { updateWhere }) };
    return { ...rest, onConflict };
  }

  protected override transformRaw(node: RawNode, queryId?: QueryId): RawNode {
    if (node.sqlFragments.some(readsATable) || node.parameters.some(TableNode.is)) throw unknownForm("text");
    return super.transformRaw(node, queryId);
  }

  /** In the place of a table, the rows of it that may be seen, under the same name. */
  #visible(from: OperationNode): OperationNode {
    const table = AliasNode.is(from) ? from.node : from;
    if (!TableNode.is(table)) return from;
    const name = tableName(table);
    if (this.#defined.has(name)) return from;
    const { rows } = visibilityOf(name);
    if (rows === undefined) return from;
    const alias = AliasNode.is(from) ? from.alias : IdentifierNode.create(name);
    return AliasNode.create(visibleRows(name, rows(this.#organization)), alias);
  }

  #narrowed(table: TableNode, where: WhereNode | undefined): { readonly where?: WhereNode } {
    const { rows } = visibilityOf(tableName(table));
    if (rows === undefined) return where === undefined ? {} : { where };
    const own = rows(this.#organization);
    return { where: WhereNode.create(where === undefined ? own : AndNode.create(ParensNode.create(where.where), own)) };
  }

  /** What is made is made in the one organization: an operation that would do otherwise has a fault. */
  #requireOwn({ columns = [], values }: InsertQueryNode, into: TableNode): void {
    const { column } = visibilityOf(tableName(into));
    if (column === undefined) return;
    const index = columns.findIndex((candidate) => candidate.column.name === column);
    if (index < 0 || values === undefined || !ValuesNode.is(values)) throw unknownForm("insert");
    for (const row of values.values) {
      if (valueAt(row, index) !== this.#organization) throw unknownForm("insert into another organization");
    }
  }
}

/** How the queries of somebody who is kept to an organization are rewritten. */
export function keptTo(organization: string): Rewrite {
  return ({ query, queryId }) => {
    const kept = new KeptToOrganization(organization).transformNode(query, queryId);
    return new SqliteQueryCompiler().compileQuery(kept, queryId);
  };
}

/** `select * from "name" where …`, which stands in the place of the table. */
function visibleRows(name: string, rows: OperationNode): SelectQueryNode {
  const all = SelectQueryNode.createFrom([TableNode.create(name)]);
  return {
    ...SelectQueryNode.cloneWithSelections(all, [SelectionNode.createSelectAll()]),
    where: WhereNode.create(rows),
  };
}

function valueAt(row: OperationNode, index: number): unknown {
  if (PrimitiveValueListNode.is(row)) return row.values[index];
  const item = ValueListNode.is(row) ? row.values[index] : undefined;
  return item !== undefined && ValueNode.is(item) ? item.value : undefined;
}

function tableName(table: TableNode): string {
  return table.table.identifier.name;
}

/** Text of its own may only be what needs no table: functions, and lists of values. */
function readsATable(text: string): boolean {
  return /\b(?:from|join|into|update)\b(?!\s+json_each\()/i.test(text);
}

function unknownForm(what: string): TypeError {
  return new TypeError(`a query of a form that is not kept to one organization: ${what}`);
}
