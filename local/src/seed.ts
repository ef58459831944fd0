import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';

/**
 * Makes the demo concert through the public API at `API_URL`, with two schedules of 50 seats, where it is not there yet.
 * Prints its id as the last line.
 */
const api = process.env.API_URL ?? '';
const demo = { title: 'Demo concert', artist: 'The Demo Band', venue: 'Olympic Hall', timeZone: 'Asia/Seoul' };
/** 5 rows of 10 seats; the price is in the currency's minor units. */
const blocks = [{ section: 'A', rows: 5, seatsPerRow: 10, price: 50_000 }];
const daysAhead = [30, 31];
const patienceMs = 60_000;

interface Concert {
  concertId: string;
  title: string;
  dates?: { scheduleId: string }[];
}

const organizer = { userId: 'demo-organizer', roles: ['organizer'] };
const { accessToken } = await send<{ accessToken: string }>('POST', '/v1/dev/sign-in', organizer);
const found = await findConcert();
const concertId = found?.concertId ?? (await send<Concert>('POST', '/v1/admin/concerts', demo, accessToken)).concertId;
for (const days of daysAhead.slice(found?.dates?.length ?? 0)) {
  await send('POST', `/v1/admin/concerts/${concertId}/schedules`, { startsAt: evening(days), blocks }, accessToken);
}
process.stdout.write(`${concertId}\n`);

/** The demo concert, if an earlier start made it. */
async function findConcert(): Promise<Concert | undefined> {
  let cursor: string | null = null;
  do {
    const query: string = cursor ? `?limit=100&cursor=${encodeURIComponent(cursor)}` : '?limit=100';
    const page: { items: Concert[]; nextCursor: string | null } = await send('GET', `/v1/concerts${query}`);
    const concert = page.items.find(({ title }) => title === demo.title);
    if (concert) return concert;
    cursor = page.nextCursor;
  } while (cursor);
  return undefined;
}

/** Seven in the evening in Seoul, this many days from today. */
function evening(days: number): string {
  const day = new Date(Date.now() + days * 24 * 60 * 60 * 1000).toISOString().slice(0, 10);
  return `${day}T10:00:00.000Z`;
}

/** One request to its decision: what is not decided yet (202, 429, 503) is sent again with the same key. */
async function send<Answer>(method: string, path: string, body?: unknown, token?: string): Promise<Answer> {
  const headers: Record<string, string> = { 'idempotency-key': randomUUID() };
  if (body) headers['content-type'] = 'application/json';
  if (token) headers.authorization = `Bearer ${token}`;
  const deadline = performance.now() + patienceMs;
  while (true) {
    const response = await fetch(api + path, { method, headers, ...(body ? { body: JSON.stringify(body) } : {}) });
    const text = await response.text();
    if (response.ok && response.status !== 202) return JSON.parse(text) as Answer;
    if (![202, 429, 503].includes(response.status) || performance.now() > deadline) {
      throw new Error(`${method} ${path} answered ${response.status}: ${text}`);
    }
    await pause(500);
  }
}
