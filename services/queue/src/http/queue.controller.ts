import { Controller, Get, NotFoundException, Param } from '@nestjs/common';
import { z } from 'zod';
import { QueueQueries } from '../postgres/queue.queries.js';
import type { PublicQueue } from './public-queue.js';
import { publicQueue } from './public-queue.js';

const concertId = z.uuid();

/** Queries of the gateway and of operators. Bodies are those of the public API. */
@Controller('internal/concerts')
export class QueueController {
  constructor(private readonly queues: QueueQueries) {}

  /** The waiting room as the database has it now; gateways answer the public from their snapshot. */
  @Get(':id/queue')
  async queue(@Param('id') id: string): Promise<PublicQueue> {
    const shown = concertId.safeParse(id).success ? await this.queues.show(id) : null;
    if (!shown) throw new NotFoundException({ code: 'CONCERT_NOT_FOUND' });
    return publicQueue(shown);
  }
}
