import { randomUUID } from 'node:crypto';
import { type ApiClient, expectStatus, postUntilDecided } from '../api/api-client.js';
import { eventually } from '../eventually.js';

/** Where the builders reach the system: `startSystem` answers one, and so does `{ api: apiOf(url) }`. */
export interface Reachable {
  readonly api: ApiClient;
}

export interface AConcert {
  readonly concertId: string;
  /** The first of `schedules`. */
  readonly scheduleId: string;
  readonly schedules: readonly { readonly scheduleId: string; readonly seatsTotal: number }[];
  /** Minor units, the same for every seat. */
  readonly price: number;
}

export interface ConcertWishes {
  /** Seats of each schedule, in one row of section A. */
  readonly seats: number;
  readonly schedules?: number;
  /** Minor units. */
  readonly price?: number;
  readonly salesOpenAt?: Date;
  readonly salesCloseAt?: Date;
}

const day = 24 * 60 * 60 * 1000;

/** A concert on sale, made by an organizer of its own through the public API. */
export async function aConcertWith(system: Reachable, wishes: ConcertWishes): Promise<AConcert> {
  const organizer = await system.api.signIn(`organizer-${randomUUID()}`, ['organizer']);
  const { price = 50_000, schedules: count = 1, seats } = wishes;
  const concert = {
    title: 'An evening of string quartets',
    ...(wishes.salesOpenAt && { salesOpenAt: wishes.salesOpenAt.toISOString() }),
    ...(wishes.salesCloseAt && { salesCloseAt: wishes.salesCloseAt.toISOString() }),
  };
  const { concertId } = await postUntilDecided<{ concertId: string }>(organizer, '/v1/admin/concerts', concert, 201);
  const schedules: { scheduleId: string; seatsTotal: number }[] = [];
  for (let number = 1; number <= count; number += 1) {
    const startsAt = new Date(Date.now() + (30 + number) * day).toISOString();
    const dated = { startsAt, blocks: [{ section: 'A', rows: 1, seatsPerRow: seats, price }] };
    schedules.push(await postUntilDecided(organizer, `/v1/admin/concerts/${concertId}/schedules`, dated, 201));
  }
  return { concertId, scheduleId: schedules[0]?.scheduleId ?? '', schedules, price };
}

/** Puts a concert's line into this mode, as an operator does: in a paused one everybody waits. Returns once a gateway shows it. */
export async function setMode(
  system: Reachable,
  { concertId }: Pick<AConcert, 'concertId'>,
  mode: 'OPEN' | 'PAUSED',
): Promise<void> {
  const operator = await system.api.signIn(`operator-${randomUUID()}`, ['operator']);
  expectStatus(await operator.patch(`/v1/admin/concerts/${concertId}/queue`, { mode, reason: 'a test' }), 200);
  await eventually(async () => (await operator.get(`/v1/concerts/${concertId}/queue`)).body.mode === mode);
}

/** Ids of every seat of a date in their order, free or not, as an organizer sees them. */
export async function allSeats(system: Reachable, { scheduleId }: Pick<AConcert, 'scheduleId'>): Promise<string[]> {
  const organizer = await system.api.signIn(`organizer-${randomUUID()}`, ['organizer']);
  const answer = await organizer.get<{ items: { seatId: string }[] }>(`/v1/admin/schedules/${scheduleId}/seats`);
  return expectStatus(answer, 200).items.map(({ seatId }) => seatId);
}
