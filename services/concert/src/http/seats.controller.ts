import { uuid } from '#contracts';
import { SETTINGS } from '#service';
import { Controller, Get, Inject, Param, Query, UsePipes } from '@nestjs/common';
import { z } from 'zod';
import type { ConcertSettings } from '../config.js';
import { type ListedSeat, SeatQueries } from '../postgres/seat.queries.js';
import { notFound, parameters } from './refusals.js';

const ofConcertsSchedule = z.object({ concertId: uuid, scheduleId: uuid });
const ofSchedule = z.object({ scheduleId: uuid });
const seatsQuery = z.object({ section: z.string().min(1).max(50).optional(), status: z.literal('all').optional() });

/** The seats of a schedule, for the gateway: bodies are those of the public API. */
@Controller('internal')
@UsePipes(parameters)
export class SeatsController {
  private readonly currency: string;

  constructor(
    private readonly seats: SeatQueries,
    @Inject(SETTINGS) settings: ConcertSettings,
  ) {
    this.currency = settings.CURRENCY;
  }

  /** What a visitor can take now; `?status=all` gives every seat with its status. */
  @Get('concerts/:concertId/schedules/:scheduleId/seats')
  async ofConcert(
    @Param({ schema: ofConcertsSchedule }) { concertId, scheduleId }: z.output<typeof ofConcertsSchedule>,
    @Query({ schema: seatsQuery }) { section, status }: z.output<typeof seatsQuery>,
  ) {
    const availableOnly = status === undefined;
    const map = await this.seats.seatMap(scheduleId, { section, availableOnly }, concertId);
    if (!map) throw notFound('SCHEDULE_NOT_FOUND');
    const items = map.seats.map((seat) =>
      availableOnly ? this.nameAndPrice(seat) : { ...this.nameAndPrice(seat), status: seat.status },
    );
    return { scheduleId, asOf: map.asOf, items };
  }

  /** The organizer's view: every seat, and why it is blocked. */
  @Get('schedules/:scheduleId/seats')
  async ofSchedule(@Param({ schema: ofSchedule }) { scheduleId }: z.output<typeof ofSchedule>) {
    const map = await this.seats.seatMap(scheduleId, { availableOnly: false });
    if (!map) throw notFound('SCHEDULE_NOT_FOUND');
    const items = map.seats.map((seat) => ({ ...this.nameAndPrice(seat), status: seat.status, reason: seat.reason }));
    return { scheduleId, asOf: map.asOf, items };
  }

  private nameAndPrice({ seatId, section, row, number, price }: ListedSeat) {
    return { seatId, section, row, number, price, currency: this.currency };
  }
}
