/** Turns rows into one array per column, as `unnest` takes them. */
export function columnsOf<Row>(rows: readonly Row[]): <Name extends keyof Row>(name: Name) => Row[Name][] {
  return (name) => rows.map((row) => row[name]);
}
