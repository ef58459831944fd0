import { HttpException } from '@nestjs/common';
import { Overloaded } from '#messaging';
import { invalidRequest, overloaded, Problem } from './problem.js';

/** What Fastify and Nest say, in our words. Their own messages may show insides, so they are not passed on. */
const detailOf: Readonly<Record<string, string>> = {
  FST_ERR_BAD_URL: 'The address is not validly encoded.',
  FST_ERR_MAX_PARAM_LENGTH: 'A part of the address is too long.',
  FST_ERR_CTP_EMPTY_JSON_BODY: 'The body is empty.',
  FST_ERR_CTP_INVALID_JSON_BODY: 'The body is not valid JSON.',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'The body is not as long as Content-Length says.',
};

/** Any thrown value as a problem. What nobody foresaw is INTERNAL and shows nothing of its inside. */
export function problemFrom(error: unknown): Problem {
  if (error instanceof Problem) return error;
  if (error instanceof Overloaded) return overloaded('The message broker does not take the command right now.');
  const status = statusOf(error);
  const detail = detailOf[codeOf(error) ?? ''] ?? 'The request could not be read.';
  if (status === 404) return new Problem('NOT_FOUND', 'There is no such route.');
  if (status === 413) return new Problem('PAYLOAD_TOO_LARGE', 'A body may have at most 64 KiB.');
  if (status === 415) return unsupportedMediaType();
  if (status === 503) return overloaded('The gateway cannot take the request right now.');
  if (status >= 400 && status < 500) return unreadable(detail);
  return new Problem('INTERNAL', 'The fault has been recorded. The trace id names it.');
}

/** Nothing of it could be read: the one error is that of the whole. */
export function unreadable(detail: string): Problem {
  return invalidRequest(detail, [{ path: '', message: detail }]);
}

export function unsupportedMediaType(): Problem {
  return new Problem('UNSUPPORTED_MEDIA_TYPE', 'Send application/json in UTF-8, without a content encoding.');
}

function statusOf(error: unknown): number {
  if (error instanceof HttpException) return error.getStatus();
  const status = (error as { statusCode?: unknown } | null)?.statusCode;
  return typeof status === 'number' ? status : 500;
}

function codeOf(error: unknown): string | undefined {
  const source = error instanceof HttpException ? error.cause : error;
  const code = (source as { code?: unknown } | null)?.code;
  return typeof code === 'string' ? code : undefined;
}
