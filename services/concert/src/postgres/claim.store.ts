import type { Transaction } from '#messaging';
import { Injectable } from '@nestjs/common';
import { Claim } from '../domain/claim.js';

interface ClaimRow {
  id: string;
  seat_id: string;
  schedule_id: string;
  reservation_id: string;
  user_id: string;
  status: 'HELD' | 'SOLD';
  held_until: Date;
  payment_id: string | null;
}

@Injectable()
export class ClaimStore {
  /**
   * The live claims on the seats, of the reservations, and of the buyers. Those of the first two are safe behind their
   * seats' locks; a buyer's others are read without one, since only this schedule's partition adds claims.
   */
  async findLive(
    seatIds: readonly string[],
    reservationIds: readonly string[],
    buyers: readonly { readonly scheduleId: string; readonly userId: string }[],
    tx: Transaction,
  ): Promise<Claim[]> {
    if (seatIds.length + reservationIds.length === 0) return [];
    const rows = await tx.query<ClaimRow>(findLiveClaims, [
      seatIds,
      reservationIds,
      buyers.map(({ scheduleId }) => scheduleId),
      buyers.map(({ userId }) => userId),
    ]);
    return rows.map(
      (row) =>
        new Claim({
          id: row.id,
          seatId: row.seat_id,
          scheduleId: row.schedule_id,
          reservationId: row.reservation_id,
          userId: row.user_id,
          status: row.status,
          heldUntil: row.held_until,
          paymentId: row.payment_id,
        }),
    );
  }

  /** Extended, sold and ended claims. */
  async saveChanged(claims: readonly Claim[], tx: Transaction): Promise<void> {
    if (claims.length === 0) return;
    await tx.query(updateClaims, [
      claims.map(({ id }) => id),
      claims.map(({ status }) => status),
      claims.map(({ heldUntil }) => heldUntil),
      claims.map(({ paymentId }) => paymentId),
      claims.map(({ endedAt }) => endedAt),
      claims.map(({ endReason }) => endReason),
    ]);
  }

  async insert(claims: readonly Claim[], tx: Transaction): Promise<void> {
    if (claims.length === 0) return;
    await tx.query(insertClaims, [
      claims.map(({ id }) => id),
      claims.map(({ seatId }) => seatId),
      claims.map(({ scheduleId }) => scheduleId),
      claims.map(({ reservationId }) => reservationId),
      claims.map(({ userId }) => userId),
      claims.map(({ status }) => status),
      claims.map(({ heldUntil }) => heldUntil),
      claims.map(({ paymentId }) => paymentId),
      claims.map(({ endedAt }) => endedAt),
      claims.map(({ endReason }) => endReason),
      tx.now,
    ]);
  }
}

const columns = 'id, seat_id, schedule_id, reservation_id, user_id, status, held_until, payment_id';

// A claim that is found in several ways comes once. Each look-up is a loop over its keys ("limit" and "offset 0" keep it
// one): of a table that fills within seconds the planner knows nothing yet, and would read all live claims instead.
const findLiveClaims = `
  select claim.* from unnest($1::uuid[]) as wanted (seat_id), lateral (
    select ${columns} from claim where seat_id = wanted.seat_id and ended_at is null limit 1) as claim
   union
  select claim.* from unnest($2::uuid[]) as wanted (reservation_id), lateral (
    select ${columns} from claim where reservation_id = wanted.reservation_id and ended_at is null offset 0) as claim
   union
  select claim.* from unnest($3::uuid[], $4::text[]) as wanted (schedule_id, user_id), lateral (
    select ${columns} from claim
     where schedule_id = wanted.schedule_id and user_id = wanted.user_id and ended_at is null offset 0) as claim`;

const updateClaims = `
  update claim
     set status = changed.status, held_until = changed.held_until, payment_id = changed.payment_id,
         ended_at = changed.ended_at, end_reason = changed.end_reason
    from unnest($1::uuid[], $2::text[], $3::timestamptz[], $4::uuid[], $5::timestamptz[], $6::text[])
           as changed (id, status, held_until, payment_id, ended_at, end_reason)
   where claim.id = changed.id`;

const insertClaims = `
  insert into claim (${columns}, ended_at, end_reason, claimed_at)
  select *, $11::timestamptz
    from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::text[], $6::text[], $7::timestamptz[], $8::uuid[],
                $9::timestamptz[], $10::text[])`;
