import { isUtf8 } from 'node:buffer';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { unreadable, unsupportedMediaType } from '../problems/from-error.js';

/** JSON in UTF-8 is the only body taken; other types, charsets and encodings are refused before it is read. */
export function takeJsonOnly(server: FastifyInstance): void {
  server.removeAllContentTypeParsers();
  const parse = server.getDefaultJsonParser('error', 'error');
  server.addContentTypeParser<Buffer>('application/json', { parseAs: 'buffer' }, (request, body, done) => {
    // A client that always names a type, on a request that has no body.
    if (body.length === 0) return done(null, undefined);
    if (!isUtf8(body)) return done(unreadable('The body is not valid UTF-8.'));
    return void parse(request, body.toString('utf8'), done);
  });
  server.addHook('onRequest', (request, _reply, done) => done(isTrick(request) ? unsupportedMediaType() : undefined));
}

function isTrick({ headers }: FastifyRequest): boolean {
  const encoding = headers['content-encoding'];
  if (encoding !== undefined && encoding.trim().toLowerCase() !== 'identity') return true;
  const parameters = (headers['content-type'] ?? '').split(';').slice(1);
  return parameters.some((parameter) => {
    const [name = '', value = ''] = parameter.split('=').map((part) => part.trim().toLowerCase());
    return name === 'charset' && value.replaceAll('"', '') !== 'utf-8' && value.replaceAll('"', '') !== 'utf8';
  });
}
