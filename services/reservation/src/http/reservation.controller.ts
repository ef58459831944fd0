import { userId, uuid } from '#contracts';
import { Controller, Get, Param, Query } from '@nestjs/common';
import { z } from 'zod';
import { reservationStatuses } from '../domain/reservation.js';
import { reservationBody } from '../domain/reservation-body.js';
import { ReservationQueries } from '../postgres/reservation.queries.js';
import { cursor, cursorOf } from './cursor.js';
import { found, parsed } from './request.js';

const listRequest = z.strictObject({
  userId,
  status: z.enum(reservationStatuses).optional(),
  concertId: uuid.optional(),
  limit: z.coerce.number().int().min(1).max(100).default(20),
  cursor: cursor.optional(),
});
const oneRequest = z.strictObject({ userId, reservationId: uuid });

/** Called by the gateway alone, which has verified the user; bodies are the public API's. */
@Controller('internal/reservations')
export class ReservationController {
  constructor(private readonly reservations: ReservationQueries) {}

  @Get()
  async list(@Query() query: unknown): Promise<unknown> {
    const { cursor: after, limit, ...filter } = parsed(listRequest, query);
    // One more than asked for tells whether there is a next page.
    const rows = await this.reservations.list({ ...filter, after, limit: limit + 1 });
    const page = rows.slice(0, limit);
    const last = page.at(-1);
    return {
      items: page.map(({ row, now }) => reservationBody(row, now)),
      nextCursor: last && rows.length > limit ? cursorOf(last.row) : null,
    };
  }

  @Get(':reservationId')
  async one(@Param() params: object, @Query() query: object): Promise<unknown> {
    const request = parsed(oneRequest, { ...query, ...params });
    const { row, now } = found(
      await this.reservations.ofUser(request.reservationId, request.userId),
      'RESERVATION_NOT_FOUND',
    );
    return reservationBody(row, now);
  }
}
