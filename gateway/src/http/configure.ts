import fastifyCompress from '@fastify/compress';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';
import type { FastifyInstance } from 'fastify';
import { ForgedTokens } from '../admission/forged-tokens.js';
import type { GatewaySettings } from '../config.js';
import { OPEN_API_DOCUMENT } from '../openapi/open-api.controller.js';
import { allowBrowsers } from './cors.js';
import { takeJsonOnly } from './json-body.js';
import { KnownRoutes } from './known-routes.js';
import { LoadLimit } from './load-limit.js';
import { measureRequests } from './request-metrics.js';

/** Smaller answers are sent as they are. */
const COMPRESSED_BYTES_MIN = 1_024;

/** What surrounds every request, in the order in which it happens. Called before the routes are made. */
export async function configureHttp(app: NestFastifyApplication, settings: GatewaySettings): Promise<void> {
  const server = app.getHttpAdapter().getInstance() as unknown as FastifyInstance;
  const routes = app.get(KnownRoutes);
  server.addHook('onRoute', (route) => routes.add(route));
  measureRequests(server);
  // On the way out: CORS answers preflights before any hook of ours.
  server.addHook('onSend', (request, reply, _payload, done) => {
    void reply.header('X-Request-Id', request.id);
    done();
  });
  allowBrowsers(app, settings);
  app.get(LoadLimit).guard(server, settings.IN_FLIGHT_MAX);
  takeJsonOnly(server);
  app.get(ForgedTokens).guard(server);
  await server.register(fastifyCompress, {
    threshold: COMPRESSED_BYTES_MIN,
    encodings: ['br', 'gzip'],
    globalDecompression: false,
  });
  SwaggerModule.setup('docs', app, app.get<OpenAPIObject>(OPEN_API_DOCUMENT), { raw: false });
}
