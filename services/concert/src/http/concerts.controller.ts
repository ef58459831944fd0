import { uuid } from '#contracts';
import { Controller, Get, Param, Query, UsePipes } from '@nestjs/common';
import { z } from 'zod';
import { CatalogueQueries, type ConcertWithDates } from '../postgres/catalogue.queries.js';
import { cursorOf, type PageQuery, pageQuery } from './page.js';
import { notFound, parameters } from './refusals.js';

const ofConcert = z.object({ concertId: uuid });

/** The catalogue, for the gateway: bodies are those of the public API. */
@Controller('internal/concerts')
@UsePipes(parameters)
export class ConcertsController {
  constructor(private readonly catalogue: CatalogueQueries) {}

  /** Newest first. */
  @Get()
  async list(@Query({ schema: pageQuery }) { limit, cursor }: PageQuery) {
    const found = await this.catalogue.newestConcerts(limit + 1, cursor);
    const page = found.slice(0, limit);
    const last = page.at(-1)?.concert;
    return { items: page.map(concertBody), nextCursor: found.length > limit && last ? cursorOf(last) : null };
  }

  @Get(':concertId')
  async one(@Param({ schema: ofConcert }) { concertId }: z.output<typeof ofConcert>) {
    const concert = await this.catalogue.concert(concertId);
    if (!concert) throw notFound('CONCERT_NOT_FOUND');
    return concertBody(concert);
  }

  /** Dates with seats left, soonest first. */
  @Get(':concertId/schedules')
  async schedules(@Param({ schema: ofConcert }) { concertId }: z.output<typeof ofConcert>) {
    const schedules = await this.catalogue.schedulesWithSeats(concertId);
    if (!schedules) throw notFound('CONCERT_NOT_FOUND');
    return { items: schedules };
  }
}

function concertBody({ concert, dates }: ConcertWithDates) {
  const { id, title, artist, venue, timeZone, salesOpenAt, salesCloseAt } = concert;
  return {
    concertId: id,
    title,
    artist,
    venue,
    timeZone,
    salesOpenAt,
    salesCloseAt,
    dates: dates.map(({ id: scheduleId, startsAt }) => ({ scheduleId, startsAt })),
  };
}
