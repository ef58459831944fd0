/** One thing that must hold of the rows at one instant, whatever messages are under way. */
export interface Check {
  /** The invariant it belongs to; several checks may look at one. */
  readonly id: string;
  /** What holds, as a sentence. */
  readonly name: string;
  /** SQL with one row and one column: how many rows the check looks at. */
  readonly rows: string;
  /** SQL with a row for each violation: `what` is wrong, and `which` row, both text. */
  readonly violations: string;
}

export const services = ['queue', 'concert', 'reservation', 'wallet'] as const;

/** One statement over the same table of every service's schema. */
export function inEach(sql: (service: string) => string): string {
  return services.map(sql).join(' union all ');
}

/** How many rows the same table has in all services together. */
export function rowsInEach(table: string): string {
  return `select sum(rows) from (${inEach((service) => `select count(*) as rows from ${service}.${table}`)}) counted`;
}
