import { type ArgumentsHost, Catch } from '@nestjs/common';
import { BaseExceptionFilter } from '@nestjs/core';
import type { FastifyReply } from 'fastify';
import { isTransientDatabaseFault } from './database-faults.js';

/**
 * A query that finds the database away is answered 503: the caller may come back, and nothing is wrong with the service.
 * Not logged for each query; the process's readiness says it once.
 */
@Catch()
export class UnavailableFilter extends BaseExceptionFilter {
  override catch(error: unknown, host: ArgumentsHost): void {
    if (host.getType() !== 'http' || !isTransientDatabaseFault(error)) return super.catch(error, host);
    const response = host.switchToHttp().getResponse<FastifyReply>();
    void response.status(503).header('Retry-After', '1').send({ code: 'OVERLOADED' });
  }
}
