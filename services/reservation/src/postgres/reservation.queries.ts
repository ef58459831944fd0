import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { Reservation, ReservationStatus } from '../domain/reservation.js';
import { reservationSchema } from './reservation.schema.js';

/** Where a page of a user's list begins: after this reservation. */
export interface ReservationPosition {
  readonly createdAt: Date;
  readonly reservationId: string;
}

export interface ReservationFilter {
  readonly userId: string;
  readonly status?: ReservationStatus | undefined;
  readonly concertId?: string | undefined;
  readonly after?: ReservationPosition | undefined;
  readonly limit: number;
}

/** Rows with the database's clock, since what a reservation shows depends on the time. */
export interface Timed<Row> {
  readonly row: Row;
  readonly now: Date;
}

/** The status as it is shown, see `shownStatus`: the filter must agree with what the list says. */
const shownStatus = `case when reservation.status = 'WAITING' and reservation.expires_at <= now() then 'EXPIRED' else reservation.status end`;

/** Reservations as their owners ask for them, outside the fold. */
@Injectable()
export class ReservationQueries {
  constructor(private readonly dataSource: DataSource) {}

  async ofUser(reservationId: string, userId: string): Promise<Timed<Reservation> | null> {
    const [found] = await this.read(this.select().where({ reservationId, userId }));
    return found ?? null;
  }

  /** Newest first, at most `limit`. */
  list({ userId, status, concertId, after, limit }: ReservationFilter): Promise<Timed<Reservation>[]> {
    const query = this.select().where({ userId });
    if (status) query.andWhere(`${shownStatus} = :status`, { status });
    if (concertId) query.andWhere({ concertId });
    if (after) {
      query.andWhere('(reservation.created_at, reservation.reservation_id) < (:createdAt, :reservationId)', {
        ...after,
      });
    }
    query.orderBy('reservation.createdAt', 'DESC').addOrderBy('reservation.reservationId', 'DESC').limit(limit);
    return this.read(query);
  }

  private select() {
    return this.dataSource.getRepository(reservationSchema).createQueryBuilder('reservation').addSelect('now()', 'now');
  }

  private async read(query: ReturnType<ReservationQueries['select']>): Promise<Timed<Reservation>[]> {
    const { entities, raw } = await query.getRawAndEntities<{ now: Date }>();
    return entities.map((row, index) => ({ row, now: raw[index]!.now }));
  }
}
