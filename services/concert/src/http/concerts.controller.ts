import { instant, uuid } from '#contracts';
import { cursorTo, found, limit, pageOf, parameters } from '#service';
import { Controller, Get, Param, Query, UsePipes } from '@nestjs/common';
import { z } from 'zod';
import { CatalogueQueries, type ConcertWithDates } from '../postgres/catalogue.queries.js';

const position = z.tuple([instant, uuid]).transform(([createdAt, id]) => ({ createdAt: new Date(createdAt), id }));
const pageQuery = z.object({ limit, cursor: cursorTo(position).optional() });
const ofConcert = z.object({ concertId: uuid });

/** The catalogue, for the gateway: bodies are those of the public API. */
@Controller('internal/concerts')
@UsePipes(parameters)
export class ConcertsController {
  constructor(private readonly catalogue: CatalogueQueries) {}

  /** Newest first. */
  @Get()
  async list(@Query({ schema: pageQuery }) { limit: size, cursor }: z.output<typeof pageQuery>) {
    const concerts = await this.catalogue.newestConcerts(size + 1, cursor);
    const { items, nextCursor } = pageOf(concerts, size, ({ concert: { createdAt, id } }) => [createdAt, id]);
    return { items: items.map(concertBody), nextCursor };
  }

  @Get(':concertId')
  async one(@Param({ schema: ofConcert }) { concertId }: z.output<typeof ofConcert>) {
    return concertBody(found(await this.catalogue.concert(concertId), 'CONCERT_NOT_FOUND'));
  }

  /** Dates with seats left, soonest first. */
  @Get(':concertId/schedules')
  async schedules(@Param({ schema: ofConcert }) { concertId }: z.output<typeof ofConcert>) {
    return { items: found(await this.catalogue.schedulesWithSeats(concertId), 'CONCERT_NOT_FOUND') };
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
