import { uuid } from '#contracts';
import { found } from '#service';
import { Controller, Get, Param } from '@nestjs/common';
import { QueueQueries } from '../postgres/queue.queries.js';
import type { PublicQueue } from './public-queue.js';
import { publicQueue } from './public-queue.js';

/** Queries of the gateway and of operators. Bodies are those of the public API. */
@Controller('internal/concerts')
export class QueueController {
  constructor(private readonly queues: QueueQueries) {}

  /** The waiting room as the database has it now; gateways answer the public from their snapshot. */
  @Get(':id/queue')
  async queue(@Param('id') id: string): Promise<PublicQueue> {
    const concertId = uuid.safeParse(id).data;
    return publicQueue(found(concertId ? await this.queues.show(concertId) : null, 'CONCERT_NOT_FOUND'));
  }
}
