export type Cell = string | number | boolean | null | undefined;

/**
 * Rows under their heads, two spaces apart, columns of numbers to the right. A line is cut where the terminal ends, so
 * the longest text belongs into the last column; without a width nothing is cut.
 */
export function table(heads: readonly string[], rows: readonly (readonly Cell[])[], width = Infinity): string {
  const lines = [heads, ...rows.map((row) => row.map(plain))];
  const widths = heads.map((_, column) => Math.max(...lines.map((line) => lengthOf(line[column] ?? ''))));
  const isNumeric = heads.map((_, column) => rows.every((row) => typeof (row[column] ?? 0) === 'number'));
  const padded = (text: string, column: number) => {
    const space = ' '.repeat(widths[column]! - lengthOf(text));
    return isNumeric[column] ? space + text : text + space;
  };
  return lines
    .map((line) => cut(heads.map((_, column) => padded(line[column] ?? '', column)).join('  '), width))
    .join('\n');
}

/** Each member of a thing on a line of its own, nested ones as JSON. */
export function facts(thing: object): string {
  const members = Object.entries(thing).filter(([, value]) => value !== undefined);
  const longest = Math.max(...members.map(([name]) => name.length));
  const shown = (value: unknown) =>
    plain(typeof value === 'object' && value !== null ? JSON.stringify(value) : (value as Cell));
  return members.map(([name, value]) => `${name.padEnd(longest)}  ${shown(value)}`.trimEnd()).join('\n');
}

/** As JSON, which leaves some control characters as they are: those are escaped too. */
export function json(value: unknown): string {
  const escaped = (character: string) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  return JSON.stringify(value, null, 2).replace(/[\u007f-\u009f]/g, escaped);
}

/** A text without what would break its line, turn it around or command the terminal: messages say what others wrote. */
export function plain(text: Cell): string {
  return String(text ?? '-').replace(/[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]+/gu, ' ');
}

function cut(line: string, width: number): string {
  const text = line.trimEnd();
  return lengthOf(text) <= width ? text : `${[...text].slice(0, Math.max(0, width - 1)).join('')}…`;
}

function lengthOf(text: string): number {
  return [...text].length;
}
