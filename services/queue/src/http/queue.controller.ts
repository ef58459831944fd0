import { uuid } from '#contracts';
import { cursorTo, found, limit, pageOf, parameters } from '#service';
import { Controller, Get, Param, Query, UsePipes } from '@nestjs/common';
import { z } from 'zod';
import type { FunnelBody } from '../domain/funnel.js';
import type { QueueBody } from '../domain/queue-body.js';
import { QueueQueries, type TickBody, type TickPosition } from '../postgres/queue.queries.js';

const tickPosition = z
  .tuple([z.int32(), z.int32(), z.int32()])
  .transform(([generation, tickNumber, index]) => ({ generation, tickNumber, class: index }));
const listQuery = z.strictObject({ limit, cursor: cursorTo(tickPosition).optional() });
/** Four days: longer than the rush of any sale. */
const FUNNEL_HOURS = 96;
const ofConcert = z.object({ id: uuid });

/** What operators ask of a waiting room, through the gateway, which has verified that they are; bodies are the public API's. */
@Controller('internal/concerts/:id/queue')
@UsePipes(parameters)
export class QueueController {
  constructor(private readonly queues: QueueQueries) {}

  /** The waiting room as the database has it now; gateways answer the public from their snapshot. */
  @Get()
  async queue(@Param({ schema: ofConcert }) { id }: z.output<typeof ofConcert>): Promise<QueueBody> {
    return found(await this.queues.show(id), 'CONCERT_NOT_FOUND');
  }

  @Get('funnel')
  async funnel(@Param({ schema: ofConcert }) { id }: z.output<typeof ofConcert>): Promise<{ items: FunnelBody[] }> {
    return { items: found(await this.queues.funnel(id, FUNNEL_HOURS), 'CONCERT_NOT_FOUND') };
  }

  @Get('ticks')
  async ticks(
    @Param({ schema: ofConcert }) { id }: z.output<typeof ofConcert>,
    @Query({ schema: listQuery }) { limit: size, cursor }: z.output<typeof listQuery>,
  ): Promise<{ items: TickBody[]; nextCursor: string | null }> {
    // One more than asked for tells whether there is a next page.
    const rows = found(await this.queues.ticks(id, size + 1, cursor), 'CONCERT_NOT_FOUND');
    const position = ({ generation, tickNumber, class: index }: TickPosition) => [generation, tickNumber, index];
    const { items, nextCursor } = pageOf(rows, size, position);
    return { items: items.map(({ class: _, ...tick }) => tick), nextCursor };
  }
}
