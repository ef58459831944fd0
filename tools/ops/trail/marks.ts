import type { KafkaRecord } from '#messaging';

/** A trail follows what one purchase or command is about; whose concert, seat or user it is, thousands share. */
const followedMembers = new Set(['reservationId', 'paymentId', 'topUpId', 'tokenId']);

/** What a record can be found by. */
export interface Marks {
  /** Each id in its headers, its key and its payload. */
  readonly all: ReadonlySet<string>;
  /** Those that lead to more of the same: itself, what caused it, its request, and what it is about. */
  readonly followed: ReadonlySet<string>;
}

export function marksOf({ key, headers, value }: Pick<KafkaRecord, 'key' | 'headers' | 'value'>): Marks {
  const followed = new Set<string>();
  for (const name of ['ce_id', 'correlationid', 'causationid']) {
    const id = headers[name];
    if (id) followed.add(id);
  }
  const all = new Set(followed);
  const traceId = traceIdOf(headers['traceparent'] ?? '');
  for (const id of [key, headers['ce_subject'], traceId]) if (id) all.add(id);
  collectIds(parsed(value), (member, id) => {
    all.add(id);
    if (followedMembers.has(member)) followed.add(id);
  });
  return { all, followed };
}

/** What an operator was given: an id as it stands in messages, or a whole traceparent. */
export function nameIn(text: string): string {
  const trimmed = text.trim();
  const isUuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(trimmed);
  return traceIdOf(trimmed) ?? (isUuid ? trimmed.toLowerCase() : trimmed);
}

/** When a UUIDv7 was drawn, ms since 1970; null for any other id. */
export function drawnAt(id: string): number | null {
  const [, high, low] = /^([0-9a-f]{8})-([0-9a-f]{4})-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.exec(id) ?? [];
  return high && low ? Number.parseInt(high + low, 16) : null;
}

function traceIdOf(traceparent: string): string | null {
  return /^[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}$/.exec(traceparent)?.[1] ?? null;
}

/** Every `…Id` and each of every `…Ids`, however deep: deeper than a stack, if somebody sent that. */
function collectIds(payload: unknown, found: (member: string, id: string) => void): void {
  const left = [payload];
  while (left.length > 0) {
    for (const [member, inside] of Object.entries(left.pop() ?? {})) {
      if (typeof inside === 'string' && /(^id|Id)$/.test(member)) found(member, inside);
      else if (Array.isArray(inside) && /Ids$/.test(member)) {
        for (const each of inside) if (typeof each === 'string') found(member, each);
      } else if (typeof inside === 'object') left.push(inside);
    }
  }
}

export function parsed(value: Buffer | null): unknown {
  try {
    return value === null ? null : (JSON.parse(value.toString()) as unknown);
  } catch {
    return null;
  }
}
