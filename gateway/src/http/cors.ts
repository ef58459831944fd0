import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyRequest } from 'fastify';
import type { GatewaySettings } from '../config.js';

const localhost = /^https?:\/\/(?:localhost|127\.0\.0\.1|\[::1\])(?::\d{1,5})?$/;
const PREFLIGHT_SECONDS = 7_200;

const allowedHeaders = [
  'Authorization',
  'Queue-Token',
  'Idempotency-Key',
  'If-None-Match',
  'Last-Event-ID',
  'X-Request-Id',
  'Content-Type',
];
const exposedHeaders = [
  'Queue-Token',
  'Queue-Status',
  'Retry-After',
  'Location',
  'ETag',
  'Idempotent-Replayed',
  'X-Request-Id',
  'Date',
];

/** Browsers may call from the origins of the settings; preflights need no token. */
export function allowBrowsers(
  app: NestFastifyApplication,
  { CORS_ORIGINS, AUTH_MODE }: Pick<GatewaySettings, 'CORS_ORIGINS' | 'AUTH_MODE'>,
): void {
  const origin: (string | RegExp)[] = [...CORS_ORIGINS, ...(AUTH_MODE === 'dev' ? [localhost] : [])];
  const options = {
    origin,
    methods: ['GET', 'HEAD', 'POST', 'PATCH', 'DELETE'],
    allowedHeaders,
    exposedHeaders,
    maxAge: PREFLIGHT_SECONDS,
  };
  const [asPreflight, asAnyOther] = [true, false].map((preflight) => ({ ...options, preflight }));
  app.enableCors({
    delegator: (request: FastifyRequest, decide: (error: Error | null, chosen?: object) => void) => {
      const { origin: from, 'access-control-request-method': method } = request.headers;
      // An OPTIONS that is no preflight is answered like any other method.
      decide(null, from !== undefined && method !== undefined ? asPreflight : asAnyOther);
    },
  });
}
