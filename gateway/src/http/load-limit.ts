import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import { Counter, Gauge } from '#service';
import type { FastifyInstance } from 'fastify';
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
    server.addHook('preValidation', (request, reply, done) => {
      if (alwaysAnswered.test(request.url) || reply.raw.closed) return done();
      if (this.working >= requestsMax) {
        refused.inc();
        return done(overloaded('Too many requests are in work.'));
      }
      inFlight.set(++this.working);
      // `close` comes once, whether the answer was sent or the client went away.
      reply.raw.once('close', () => inFlight.set(--this.working));
      return done();
    });
  }
}
