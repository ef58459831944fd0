import { expectStatus, postUntilDecided } from '../api/api-client.js';
import { eventually } from '../eventually.js';
import type { AConcert, Reachable } from './concert.js';
import { anActiveFan, type AQueueingFan, topUp } from './fan.js';

export interface AReservation {
  readonly reservationId: string;
  readonly seatIds: readonly string[];
  readonly amount: number;
  /** RFC 3339. */
  readonly expiresAt: string;
  /** Who holds it. */
  readonly fan: AQueueingFan;
}

/** Ids of the seats that are free, by the public list, as an active fan sees it. */
export async function freeSeats(
  fan: AQueueingFan,
  concert: AConcert,
  scheduleId = concert.scheduleId,
): Promise<string[]> {
  const path = `/v1/concerts/${concert.concertId}/schedules/${scheduleId}/seats`;
  const { items } = expectStatus<{ items: { seatId: string }[] }>(await fan.api.get(path), 200);
  return items.map(({ seatId }) => seatId);
}

export interface ReservationWishes {
  /** Default: an active fan of its own. */
  readonly fan?: AQueueingFan;
  /** Which seats; default the first `seats` free ones. */
  readonly seatIds?: readonly string[];
  readonly seats?: number;
}

/** Seats held and not yet paid. */
export async function aHeldReservation(
  system: Reachable,
  concert: AConcert,
  wishes: ReservationWishes = {},
): Promise<AReservation> {
  const fan = wishes.fan ?? (await anActiveFan(system, concert));
  const seatIds = wishes.seatIds ?? (await firstFree(fan, concert, wishes.seats ?? 1));
  const wanted = { scheduleId: concert.scheduleId, seatIds };
  const held = await postUntilDecided<Omit<AReservation, 'fan' | 'seatIds'>>(fan.api, '/v1/reservations', wanted, 201);
  return { ...held, seatIds, fan };
}

/** Seats held and paid: the fan is given exactly the money it takes. */
export async function aPaidReservation(
  system: Reachable,
  concert: AConcert,
  wishes: ReservationWishes = {},
): Promise<AReservation & { readonly paymentId: string }> {
  const held = await aHeldReservation(system, concert, wishes);
  await topUp(held.fan, held.amount);
  const path = `/v1/reservations/${held.reservationId}/payment`;
  const { paymentId } = await postUntilDecided<{ paymentId: string }>(held.fan.api, path, undefined, 201);
  return { ...held, paymentId };
}

/** A new schedule's seats can reach the list up to a cache second late. */
function firstFree(fan: AQueueingFan, concert: AConcert, count: number): Promise<string[]> {
  return eventually(async () => {
    const seats = await freeSeats(fan, concert);
    return seats.length >= count && seats.slice(0, count);
  });
}
