import { Injectable } from '@nestjs/common';
import type { FastifyInstance, FastifyRequest, RouteOptions } from 'fastify';
import { AccessTokens } from '../identity/access-tokens.js';
import { bearerOf } from '../identity/identity.js';
import { answerProblem } from '../problems/problem.filter.js';
import { invalidToken, verdicts } from './admission.interceptor.js';
import { QueueTokens } from './queue-token.js';

/**
 * Turns forged queue tokens away at the door, before a body is read or a controller is near: however many come, they
 * must not take the time of those who wait honestly. Only users whom this replica knows are answered here; who they are is
 * looked at first, as everywhere.
 */
@Injectable()
export class ForgedTokens {
  constructor(
    private readonly queueTokens: QueueTokens,
    private readonly accessTokens: AccessTokens,
  ) {}

  /** On every route that asks for a queue token. Called before the routes are made. */
  guard(server: FastifyInstance): void {
    const refusal = invalidToken('INVALID');
    server.addHook('onRoute', (route: RouteOptions) => {
      if (!(route.config as { asksForQueueToken?: boolean } | undefined)?.asksForQueueToken) return;
      route.onRequest = (request, reply, done) => {
        if (!this.isForged(request)) return done();
        verdicts.inc({ verdict: 'INVALID' });
        answerProblem(request, reply, refusal);
      };
    });
  }

  private isForged({ headers }: FastifyRequest): boolean {
    const token = headers['queue-token'];
    if (typeof token !== 'string' || token === '' || this.queueTokens.verify(token)) return false;
    const accessToken = bearerOf(headers.authorization);
    return accessToken !== null && this.accessTokens.isKnown(accessToken);
  }
}
