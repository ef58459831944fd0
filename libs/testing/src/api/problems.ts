import assert from 'node:assert/strict';
import { type Answer, expectStatus } from './api-client.js';

/** Every code of the public contract with its status, written down a second time so that a changed one is noticed. */
export const problemStatuses = {
  INVALID_REQUEST: 400,
  IDEMPOTENCY_KEY_REQUIRED: 400,
  UNAUTHENTICATED: 401,
  QUEUE_TOKEN_REQUIRED: 401,
  INVALID_TOKEN: 401,
  TOKEN_EXPIRED: 401,
  NOT_ENOUGH_BALANCE: 402,
  FORBIDDEN: 403,
  NOT_FOUND: 404,
  CONCERT_NOT_FOUND: 404,
  SCHEDULE_NOT_FOUND: 404,
  SEAT_NOT_FOUND: 404,
  RESERVATION_NOT_FOUND: 404,
  PAYMENT_NOT_FOUND: 404,
  DEAD_LETTER_NOT_FOUND: 404,
  METHOD_NOT_ALLOWED: 405,
  ALREADY_RESERVED_SEAT: 409,
  SALES_CLOSED: 409,
  QUEUE_CLOSED: 409,
  RESERVATION_NOT_PAYABLE: 409,
  RESERVATION_NOT_CANCELLABLE: 409,
  PAYMENT_IN_PROGRESS: 409,
  PAYMENT_NOT_STUCK: 409,
  PAYMENT_NOT_COMPENSABLE: 409,
  DEAD_LETTER_NOT_REPLAYABLE: 409,
  EXPIRED_RESERVATION: 410,
  PAYLOAD_TOO_LARGE: 413,
  UNSUPPORTED_MEDIA_TYPE: 415,
  TICKET_LIMIT_EXCEEDED: 422,
  BALANCE_LIMIT_EXCEEDED: 422,
  IDEMPOTENCY_KEY_REUSED: 422,
  RATE_LIMITED: 429,
  INTERNAL: 500,
  OVERLOADED: 503,
} as const;

export type ProblemCode = keyof typeof problemStatuses;

/** What every problem has beside the members of its code. */
export interface ProblemBody {
  readonly code: ProblemCode;
  readonly detail: string;
  readonly errors?: readonly { readonly path: string; readonly message: string }[];
  readonly [member: string]: unknown;
}

/**
 * The problem of an answer that must be one, whatever its code.
 * @throws when anything that the contract says of every problem is missing
 */
export function problemOf(answer: Answer): ProblemBody {
  const shown = JSON.stringify(answer.body);
  const { type, title, status, detail, instance, code, traceId } = answer.body as Record<string, unknown>;
  assert.match(answer.headers.get('content-type') ?? '', /^application\/problem\+json/, shown);
  assert.ok(typeof code === 'string' && Object.hasOwn(problemStatuses, code), `no code of the contract: ${shown}`);
  assert.equal(status, answer.status, shown);
  assert.equal(status, problemStatuses[code as ProblemCode], shown);
  assert.equal(type, `urn:problem:${code.toLowerCase().replaceAll('_', '-')}`);
  for (const text of [title, detail, instance]) assert.ok(typeof text === 'string' && text !== '', shown);
  assert.match(String(traceId), /^[0-9a-f]{32}$/);
  requireHeaders(answer, code as ProblemCode);
  return answer.body as ProblemBody;
}

function requireHeaders({ status, headers }: Answer, code: ProblemCode): void {
  if (status === 401) {
    assert.match(headers.get('www-authenticate') ?? '', code === 'UNAUTHENTICATED' ? /^Bearer\b/ : /^Queue-Token\b/);
  }
  if (status === 429 || status === 503) assert.match(headers.get('retry-after') ?? '', /^\d+$/);
  if (status === 405) assert.ok(headers.get('allow'), 'a 405 says what is allowed');
}

/** The problem of an answer that must have this code, and at least these members. @throws otherwise */
export function expectProblem(answer: Answer, code: ProblemCode, members: Record<string, unknown> = {}): ProblemBody {
  expectStatus(answer, problemStatuses[code]);
  const problem = problemOf(answer);
  const shown = Object.fromEntries(Object.keys(members).map((name) => [name, problem[name]]));
  assert.deepEqual({ code: problem.code, ...shown }, { code, ...members });
  return problem;
}
