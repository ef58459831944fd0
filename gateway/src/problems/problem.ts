import { type ProblemCode, problems, problemType } from './catalogue.js';

export interface FieldError {
  readonly path: string;
  readonly message: string;
}

export interface ProblemExtras {
  /** What the answer shows beside the standard members. */
  readonly members?: Readonly<Record<string, unknown>>;
  readonly errors?: readonly FieldError[];
  readonly headers?: Readonly<Record<string, string>>;
}

/** Thrown anywhere in the gateway; the filter answers it as RFC 9457 problem+json. */
export class Problem extends Error {
  readonly status: number;

  constructor(
    readonly code: ProblemCode,
    readonly detail: string,
    readonly extras: ProblemExtras = {},
  ) {
    super(`${code}: ${detail}`);
    this.status = problems[code].status;
  }
}

/** Nothing was done; the same request may be sent again in `seconds`. */
export function overloaded(detail: string, seconds = 1): Problem {
  return new Problem('OVERLOADED', detail, { headers: { 'Retry-After': String(seconds) } });
}

export function invalidRequest(detail: string, errors: readonly FieldError[] = []): Problem {
  return new Problem('INVALID_REQUEST', detail, { errors });
}

export const PROBLEM_JSON = 'application/problem+json; charset=utf-8';

/** The body of the answer. `instance` is the path that was asked, without its query (it may hold what is not ours to show). */
export function problemDocument(problem: Problem, instance: string, traceId: string): Record<string, unknown> {
  const { members, errors } = problem.extras;
  return {
    ...members,
    type: problemType(problem.code),
    title: problems[problem.code].title,
    status: problem.status,
    detail: problem.detail,
    instance,
    code: problem.code,
    traceId,
    ...(errors && errors.length > 0 && { errors }),
  };
}

/** Headers of the answer; every 401 names what it wants. */
export function problemHeaders(problem: Problem): Record<string, string> {
  const headers: Record<string, string> = { 'Cache-Control': 'no-store', ...problem.extras.headers };
  if (problem.status === 401)
    headers['WWW-Authenticate'] = problem.code === 'UNAUTHENTICATED' ? 'Bearer' : 'Queue-Token';
  if ((problem.status === 429 || problem.status === 503) && !headers['Retry-After']) headers['Retry-After'] = '1';
  return headers;
}
