import type { ListedMessage } from './message-list.js';

const begin = '<!-- messages: written by `npm run messages`, checked by tools/messages/messages.spec.ts -->';
const end = '<!-- end of messages -->';

/** The messages as a Markdown table. */
export function messageTable(messages: readonly ListedMessage[]): string {
  const rows = messages.map(({ type, topic, key, readers, meaning }) => {
    return `| \`${type}\` | ${topic} | \`${key}\` | ${readers} | ${meaning.replaceAll('|', '\\|')} |`;
  });
  return ['| message | topic | key | readers of the topic | meaning |', '|---|---|---|---|---|', ...rows].join('\n');
}

/**
 * The document with `table` between its two marker lines.
 * @throws when the document has not exactly these markers
 */
export function withTable(document: string, table: string): string {
  const [head, rest, ...more] = document.split(begin);
  const [old, tail, ...others] = rest?.split(end) ?? [];
  if (old === undefined || tail === undefined || more.length + others.length > 0) {
    throw new Error(`the document needs "${begin}" and "${end}", once each`);
  }
  return `${head}${begin}\n${table}\n${end}${tail}`;
}
