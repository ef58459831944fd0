import { uuid } from '#contracts';
import { found, parameters, SETTINGS } from '#service';
import { Controller, Get, Header, Inject, Param, Query, UsePipes } from '@nestjs/common';
import { z } from 'zod';
import type { ConcertSettings } from '../config.js';
import { type SeatFilter, SeatQueries } from '../postgres/seat.queries.js';

const ofConcertsSchedule = z.object({ concertId: uuid, scheduleId: uuid });
const ofSchedule = z.object({ scheduleId: uuid });
const seatsQuery = z.object({ section: z.string().min(1).max(50).optional(), status: z.literal('all').optional() });

const json = 'application/json; charset=utf-8';

/** The seats of a schedule, for the gateway: bodies are those of the public API. */
@Controller('internal')
@UsePipes(parameters)
export class SeatsController {
  constructor(
    private readonly seats: SeatQueries,
    @Inject(SETTINGS) private readonly settings: Pick<ConcertSettings, 'CURRENCY'>,
  ) {}

  /** What a visitor can take now; `?status=all` gives every seat with its status. */
  @Get('concerts/:concertId/schedules/:scheduleId/seats')
  @Header('Content-Type', json)
  ofConcert(
    @Param({ schema: ofConcertsSchedule }) { concertId, scheduleId }: z.output<typeof ofConcertsSchedule>,
    @Query({ schema: seatsQuery }) { section, status }: z.output<typeof seatsQuery>,
  ): Promise<string> {
    return this.body(scheduleId, { view: status ?? 'available', section, concertId });
  }

  /** The organizer's view: every seat, and why it is blocked. */
  @Get('schedules/:scheduleId/seats')
  @Header('Content-Type', json)
  ofSchedule(@Param({ schema: ofSchedule }) { scheduleId }: z.output<typeof ofSchedule>): Promise<string> {
    return this.body(scheduleId, { view: 'organizer' });
  }

  private async body(scheduleId: string, filter: SeatFilter): Promise<string> {
    const map = found(await this.seats.seatMap(scheduleId, this.settings.CURRENCY, filter), 'SCHEDULE_NOT_FOUND');
    const { asOf, itemsJson } = map;
    return `{"scheduleId":${JSON.stringify(map.scheduleId)},"asOf":${JSON.stringify(asOf)},"items":${itemsJson}}`;
  }
}
