import { type ArgumentsHost, Catch, type ExceptionFilter, Logger } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { KnownRoutes } from '../http/known-routes.js';
import { traceOf } from '../http/trace.js';
import { problemFrom } from './from-error.js';
import { Problem, PROBLEM_JSON, problemDocument, problemHeaders } from './problem.js';

/** The one place where an error becomes an answer. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  private readonly logger = new Logger(ProblemFilter.name);

  constructor(private readonly routes: KnownRoutes) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const request = http.getRequest<FastifyRequest>();
    const reply = http.getResponse<FastifyReply>();
    if (reply.sent || reply.raw.headersSent) {
      this.logger.error(error);
      return;
    }
    if (request.is404) {
      this.answerUnrouted(request, reply);
      return;
    }
    const problem = problemFrom(error);
    if (problem.code === 'INTERNAL') {
      const { traceId } = traceOf(request.raw);
      this.logger.error({ traceId, route: request.routeOptions?.url, error: stackOf(error) });
    }
    answerProblem(request, reply, problem);
  }

  /** No route: perhaps another method of the path has one. */
  private answerUnrouted(request: FastifyRequest, reply: FastifyReply): void {
    const allowed = this.routes.methodsOf(pathOf(request));
    // A file below /docs that is not there has a route that takes the method.
    if (allowed.length === 0 || allowed.includes(request.method)) {
      answerProblem(request, reply, new Problem('NOT_FOUND', 'There is no such route.'));
      return;
    }
    const allow = [...allowed, 'OPTIONS'].join(', ');
    if (request.method === 'OPTIONS') {
      void reply.status(204).header('Allow', allow).send();
      return;
    }
    const detail = `This address takes ${allow}.`;
    answerProblem(request, reply, new Problem('METHOD_NOT_ALLOWED', detail, { headers: { Allow: allow } }));
  }
}

export function answerProblem(request: FastifyRequest, reply: FastifyReply, problem: Problem): void {
  const document = problemDocument(problem, pathOf(request), traceOf(request.raw).traceId);
  void reply
    .status(problem.status)
    .headers({ 'X-Request-Id': request.id, ...problemHeaders(problem) })
    .header('Content-Type', PROBLEM_JSON)
    .send(JSON.stringify(document));
}

export function pathOf(request: FastifyRequest): string {
  return request.raw.url?.split(/[?#]/, 1)[0] ?? '/';
}

function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
