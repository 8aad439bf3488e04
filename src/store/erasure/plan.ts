/**
 * What is done to a database step by step, written once for both stores: a plan asks for statements one after another, and whoever
 * runs it, in whatever way its driver has, gives the answers back. Owns no transaction.
 */
export type PlanValue = string | number | null | Uint8Array;

export interface Statement {
  readonly sql: string;
  readonly parameters: readonly PlanValue[];
  /** Whether it answers rows, or how many it changed. */
  readonly reads: boolean;
}

export type Plan<Result> = Generator<Statement, Result, unknown>;

/** The rows' shape is the caller's word: it stands beside the SQL. */
export function* rowsOf<Row>(sql: string, ...parameters: readonly PlanValue[]): Plan<Row[]> {
  return (yield { sql, parameters, reads: true }) as Row[];
}

/** Answers how many rows it changed. */
export function* change(sql: string, ...parameters: readonly PlanValue[]): Plan<number> {
  return (yield { sql, parameters, reads: false }) as number;
}

/** As many places for values as there are; for `IN (…)`. At least one. */
export const places = (values: readonly unknown[]): string => values.map(() => "?").join(", ");

/** What differs between the databases. */
export interface Dialect {
  /** Behind a SELECT: its rows are held until the transaction is over. */
  readonly hold: string;
  /** Tables, or columns of `conversations`, that only this store has. */
  readonly hasRuns: boolean;
  readonly hasCommits: boolean;
}
