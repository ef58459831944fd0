import { type CallHandler, type ExecutionContext, Injectable, type NestInterceptor } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { map, type Observable } from 'rxjs';
import type { Answer } from './answer.js';
import { callOf } from './call.js';

/** Writes what a controller answered: status, headers, body. */
@Injectable()
export class AnswerInterceptor implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const http = context.switchToHttp();
    const call = callOf(http.getRequest<FastifyRequest>());
    if (!call) return next.handle();
    const reply = http.getResponse<FastifyReply>();
    return next.handle().pipe(
      map((answer: Answer) => {
        const caching = answer.status === 202 ? 'no-store' : (call.endpoint.cache ?? 'no-store');
        void reply.status(answer.status).headers({ 'Cache-Control': caching, ...answer.headers });
        if (answer.body === undefined) return undefined;
        if (!reply.hasHeader('Content-Type')) void reply.header('Content-Type', 'application/json; charset=utf-8');
        return answer.body;
      }),
    );
  }
}
