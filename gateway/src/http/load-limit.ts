import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import { Counter, Gauge } from '#service';
import type { FastifyInstance } from 'fastify';
import type { ServerResponse } from 'node:http';
import { overloaded } from '../problems/problem.js';

const inFlight = new Gauge({ name: 'gateway_requests_in_flight', help: 'Requests in work' });
const refused = new Counter({
  name: 'gateway_requests_refused_total',
  help: 'Requests refused because too many were in work',
});

/** Health and metrics must answer when nothing else does. */
const alwaysAnswered = /^\/(?:health\/|metrics(?:$|\?))/;

/** Finite work at a time, and none new once the process stops. */
@Injectable()
export class LoadLimit implements OnModuleDestroy {
  private working = 0;
  private stopping = false;
  private readonly counted = new WeakMap<ServerResponse, () => void>();

  onModuleDestroy(): void {
    this.stopping = true;
  }

  /**
   * As many requests as commands may wait for a reply: each request sends at most one. A request counts from when its body
   * is here, or whoever sends bodies slowly would keep everybody out without so much as an access token.
   */
  guard(server: FastifyInstance, requestsMax: number): void {
    server.addHook('onRequest', (request, reply, done) => {
      if (alwaysAnswered.test(request.url)) return done();
      if (this.stopping) {
        void reply.header('Connection', 'close');
        return done(overloaded('The gateway is shutting down.'));
      }
      return done();
    });
    server.addHook('preValidation', (request, reply, next) => {
      if (alwaysAnswered.test(request.url) || reply.raw.closed) return next();
      if (this.working >= requestsMax) {
        refused.inc();
        return next(overloaded('Too many requests are in work.'));
      }
      inFlight.set(++this.working);
      // `close` comes once, whether the answer was sent or the client went away.
      const done = () => inFlight.set(--this.working);
      reply.raw.once('close', done);
      this.counted.set(reply.raw, done);
      return next();
    });
  }

  /** The answer goes on for as long as its client listens: it has a limit of its own, and counts as work no more. */
  release(answer: ServerResponse): void {
    const done = this.counted.get(answer);
    if (!done) return;
    answer.removeListener('close', done);
    this.counted.delete(answer);
    done();
  }
}
