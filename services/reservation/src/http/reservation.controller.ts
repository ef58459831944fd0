import { instant, userId, uuid } from '#contracts';
import { cursorTo, found, limit, pageOf, parameters } from '#service';
import { Controller, Get, Param, Query, UsePipes } from '@nestjs/common';
import { z } from 'zod';
import { reservationStatuses } from '../domain/reservation.js';
import { reservationBody } from '../domain/reservation-body.js';
import { ReservationQueries } from '../postgres/reservation.queries.js';

const position = z
  .tuple([instant, uuid])
  .transform(([createdAt, reservationId]) => ({ createdAt: new Date(createdAt), reservationId }));
const listQuery = z.strictObject({
  userId,
  status: z.enum(reservationStatuses).optional(),
  concertId: uuid.optional(),
  limit,
  cursor: cursorTo(position).optional(),
});
const ofReservation = z.object({ reservationId: uuid });
const ofUser = z.object({ userId });

/** Called by the gateway alone, which has verified the user; bodies are the public API's. */
@Controller('internal/reservations')
@UsePipes(parameters)
export class ReservationController {
  constructor(private readonly reservations: ReservationQueries) {}

  @Get()
  async list(@Query({ schema: listQuery }) query: z.output<typeof listQuery>): Promise<unknown> {
    const { cursor: after, limit: size, ...filter } = query;
    // One more than asked for tells whether there is a next page.
    const rows = await this.reservations.list({ ...filter, after, limit: size + 1 });
    const { items, nextCursor } = pageOf(rows, size, ({ row }) => [row.createdAt, row.reservationId]);
    return { items: items.map(({ row, now }) => reservationBody(row, now)), nextCursor };
  }

  @Get(':reservationId')
  async one(
    @Param({ schema: ofReservation }) { reservationId }: z.output<typeof ofReservation>,
    @Query({ schema: ofUser }) { userId: owner }: z.output<typeof ofUser>,
  ): Promise<unknown> {
    const { row, now } = found(await this.reservations.ofUser(reservationId, owner), 'RESERVATION_NOT_FOUND');
    return reservationBody(row, now);
  }
}
