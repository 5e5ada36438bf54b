/** One step of the schema, to version `number` from the one before it in the list; never changed once it has been released. */
export interface Migration {
  readonly number: number;
  readonly sql: string;
}
