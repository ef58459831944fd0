import { Histogram } from '#service';
import type { FastifyInstance } from 'fastify';

const durations = new Histogram({
  name: 'gateway_request_seconds',
  help: 'Time to answer a request, s',
  labelNames: ['method', 'route', 'status'],
  buckets: [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
});

/** By route, not by path: ids must not become labels. */
export function measureRequests(server: FastifyInstance): void {
  server.addHook('onResponse', (request, reply, done) => {
    // A stream lasts as long as its client listens.
    if (reply.getHeader('content-type') === 'text/event-stream') return done();
    const route = request.is404 ? 'none' : (request.routeOptions.url ?? 'none');
    durations.observe({ method: request.method, route, status: reply.statusCode }, reply.elapsedTime / 1000);
    done();
  });
}
