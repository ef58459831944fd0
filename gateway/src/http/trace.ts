import type { IncomingMessage } from 'node:http';
import { newId, randomBytes } from '#service';

/** W3C Trace Context of one request: the caller's, or one of our own. */
export interface Trace {
  readonly traceId: string;
  /** What goes on to services and into commands. */
  readonly traceparent: string;
}

const pattern = /^00-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-([0-9a-f]{2})$/;
const traces = new WeakMap<IncomingMessage, Trace>();

/** Made on first use: most answers need none. */
export function traceOf(request: IncomingMessage): Trace {
  const known = traces.get(request);
  if (known) return known;
  const header = request.headers?.['traceparent'];
  const given = typeof header === 'string' ? pattern.exec(header) : null;
  const traceId = given?.[1] ?? randomBytes(16).toString('hex');
  const trace = { traceId, traceparent: `00-${traceId}-${randomBytes(8).toString('hex')}-${given?.[2] ?? '00'}` };
  traces.set(request, trace);
  return trace;
}

const requestId = /^[A-Za-z0-9._~:+/=@-]{1,128}$/;

/** The client's X-Request-Id when it is harmless to echo, else a fresh UUIDv7. */
export function requestIdOf(request: IncomingMessage): string {
  return clientRequestId(request) ?? newId();
}

/** A client may send one id twice, so it never serves as the id that a reply is found by. */
export function clientRequestId(request: IncomingMessage): string | null {
  const header = request.headers['x-request-id'];
  return typeof header === 'string' && requestId.test(header) ? header : null;
}
