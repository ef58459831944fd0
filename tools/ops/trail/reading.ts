/** Longest reading, in characters. */
const longest = 200;

/** A payload or an answer in a few words: what it holds beside ids, long lists as their length. */
export function readingOf(payload: unknown, isBody = false): string {
  if (typeof payload !== 'object' || payload === null) return '';
  const { code, detail, reason, body, replayed, status } = payload as Record<string, unknown>;
  const again = replayed === true ? ' (again)' : '';
  if (typeof code === 'string') return `${code}: ${String(detail)}${again}`;
  if (!isBody && typeof body === 'object' && body !== null) return `${readingOf(body, true)}${again}`.trim();
  const parts = Object.entries(payload)
    .filter(([member]) => member !== 'status' && member !== 'reason')
    .map(([member, value]) => memberOf(member, value))
    .filter((part) => part !== '');
  const leading = [status, reason].filter((each) => typeof each === 'string');
  return [...leading, ...parts].join(' ').slice(0, longest);
}

function memberOf(member: string, value: unknown): string {
  if (value === null || /(^id|Id)$/.test(member)) return '';
  if (Array.isArray(value)) return `${member.replace(/Ids$/, 's')}=${value.length}`;
  if (typeof value === 'object') return '';
  return `${member}=${typeof value === 'string' ? value : JSON.stringify(value)}`;
}
