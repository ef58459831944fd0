/** The rows of one table as a batch sees them: what was loaded under lock, and what the fold made of it. */
export class Rows<Row extends object> {
  private readonly loaded = new Map<string, Row>();
  private readonly present = new Map<string, Row>();

  constructor(
    private readonly keyOf: (row: Row) => string,
    loaded: readonly Row[] = [],
  ) {
    for (const row of loaded) {
      this.loaded.set(keyOf(row), row);
      this.present.set(keyOf(row), row);
    }
  }

  get(key: string | null): Row | undefined {
    return key === null ? undefined : this.present.get(key);
  }

  find(matches: (row: Row) => boolean): Row | undefined {
    return [...this.present.values()].find(matches);
  }

  put(row: Row): void {
    this.present.set(this.keyOf(row), row);
  }

  /** Rows that did not exist when the batch began. */
  created(): Row[] {
    return [...this.present].filter(([key]) => !this.loaded.has(key)).map(([, row]) => row);
  }

  /** Rows that did, and are another object now: domain functions never change one in place. */
  changed(): { readonly before: Row; readonly after: Row }[] {
    return [...this.present].flatMap(([key, after]) => {
      const before = this.loaded.get(key);
      return before && before !== after ? [{ before, after }] : [];
    });
  }
}
