import { randomBytes } from 'node:crypto';
import { type Server, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyHttpOptions, FastifyReply, FastifyRequest } from 'fastify';
import { newId } from '#service';
import type { GatewaySettings } from '../config.js';
import { problemFrom } from '../problems/from-error.js';
import { answerProblem } from '../problems/problem.filter.js';
import { invalidRequest, type Problem, PROBLEM_JSON, problemDocument, problemHeaders } from '../problems/problem.js';
import { MAX_PARAM_LENGTH } from './known-routes.js';
import { requestIdOf } from './trace.js';

const BODY_BYTES_MAX = 64 * 1024;
/** A whole request must arrive within it; slow senders do not hold connections. */
const REQUEST_TIMEOUT_MS = 10_000;
/** Node looks for late requests only every 30 s unless told, and a slow body outlived two looks. */
const CONNECTIONS_CHECKED_MS = 1_000;

/** Fastify's options: limits, whose word on the client's address counts, and problem details for what fails before routing. */
export function serverOptions({
  TRUSTED_PROXIES,
}: Pick<GatewaySettings, 'TRUSTED_PROXIES'>): FastifyHttpOptions<Server> {
  return {
    trustProxy: TRUSTED_PROXIES.length > 0 && TRUSTED_PROXIES,
    bodyLimit: BODY_BYTES_MAX,
    requestTimeout: REQUEST_TIMEOUT_MS,
    http: { headersTimeout: REQUEST_TIMEOUT_MS, connectionsCheckingInterval: CONNECTIONS_CHECKED_MS },
    genReqId: requestIdOf,
    // We answer in our own form while shutting down.
    return503OnClosing: false,
    routerOptions: { maxParamLength: MAX_PARAM_LENGTH },
    frameworkErrors: (error, request, reply) =>
      answerProblem(request as FastifyRequest, reply as unknown as FastifyReply, problemFrom(error)),
    clientErrorHandler: refuseUnreadable,
  };
}

const unreadable: Readonly<Record<string, string>> = {
  HPE_HEADER_OVERFLOW: 'The address and the headers are too long.',
  ERR_HTTP_REQUEST_TIMEOUT: 'The request took too long to arrive.',
};

/** What Node's parser cannot read has no request to answer to: the answer is written to the socket. */
function refuseUnreadable(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || socket.destroyed) return;
  if (!socket.writable) {
    socket.destroy();
    return;
  }
  socket.end(rawAnswer(invalidRequest(unreadable[error.code ?? ''] ?? 'The request is not valid HTTP.')));
}

function rawAnswer(problem: Problem): string {
  const body = JSON.stringify(problemDocument(problem, '/', randomBytes(16).toString('hex')));
  const headers = {
    ...problemHeaders(problem),
    'X-Request-Id': newId(),
    Date: new Date().toUTCString(),
    'Content-Type': PROBLEM_JSON,
    'Content-Length': String(Buffer.byteLength(body)),
    Connection: 'close',
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  return [`HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status]}`, ...lines, '', body].join('\r\n');
}
