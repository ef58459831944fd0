import { queuePlace } from '../admission/queue-place.js';
import type { EndpointSpec, ResponseSpec } from '../endpoint/endpoint.js';
import { idempotencyKey } from '../endpoint/values.js';
import { type ProblemCode, problems } from '../problems/catalogue.js';
import { pending } from '../resources/bodies.js';
import { problemSchema } from './problem-schema.js';
import type { JsonSchema, Schemas } from './schemas.js';

/** One operation of the document, from its endpoint's declaration alone. */
export function operationOf(endpoint: EndpointSpec, schemas: Schemas): JsonSchema {
  const { tag, summary, description, body, access, admission } = endpoint;
  return {
    operationId: operationId(endpoint),
    tags: [tag],
    summary,
    ...(description !== undefined && { description }),
    parameters: parametersOf(endpoint, schemas),
    ...(body && { requestBody: { required: !body.safeParse({}).success, content: json(schemas.of(body, 'input')) } }),
    responses: responsesOf(endpoint, schemas),
    security: securityOf(access, admission),
  };
}

function securityOf(access: EndpointSpec['access'], admission: EndpointSpec['admission']): JsonSchema[] {
  if (access === 'public') return [];
  if (access === 'service') return [{ serviceKey: [] }];
  return [{ accessToken: [], ...(admission && { queueToken: [] }) }];
}

/** `POST /v1/reservations/{reservationId}/cancel` → `postReservationsCancel`. */
function operationId({ method, path }: EndpointSpec): string {
  const words = path.split(/[/-]/).filter((part) => part !== '' && part !== 'v1' && !part.startsWith('{'));
  const one = path.endsWith('}') ? ['one'] : [];
  return [method.toLowerCase(), ...[...words, ...one].map((word) => word[0]!.toUpperCase() + word.slice(1))].join('');
}

function parametersOf(endpoint: EndpointSpec, schemas: Schemas): JsonSchema[] {
  const { params, query, command } = endpoint;
  const written = (where: 'path' | 'query', part: EndpointSpec['params']): JsonSchema[] => {
    const { properties = {}, required = [] } = part ? schemas.of(part, 'input') : {};
    return Object.entries(properties as Record<string, JsonSchema>).map(([name, { description, ...schema }]) => ({
      name,
      in: where,
      required: (required as string[]).includes(name),
      ...(description !== undefined && { description }),
      schema,
    }));
  };
  const key = command && {
    name: 'Idempotency-Key',
    in: 'header',
    required: command === 'key-required',
    description: 'a repeat with the same key gets the first decision; kept 7 days',
    schema: schemas.of(idempotencyKey, 'input'),
  };
  return [...written('path', params), ...written('query', query), ...(key ? [key] : [])];
}

function responsesOf(endpoint: EndpointSpec, schemas: Schemas): JsonSchema {
  const successes = Object.entries(endpoint.responses)
    .filter(([status]) => status !== '202')
    .map(([status, spec]) => [status, success(endpoint, spec, schemas)]);
  const accepted = acceptedResponse(endpoint, schemas);
  return Object.fromEntries([
    ...successes,
    ...(accepted ? [['202', accepted]] : []),
    ...problemResponses(endpoint, schemas),
  ]);
}

function success(
  endpoint: EndpointSpec,
  { description, body, contentType = 'application/json', headers = {} }: ResponseSpec,
  schemas: Schemas,
): JsonSchema {
  const all = {
    ...everyAnswer,
    ...(endpoint.admission && { 'Queue-Status': 'WAITING or ACTIVE' }),
    ...(endpoint.command && { 'Idempotent-Replayed': '`true` when this is the first decision again' }),
    ...headers,
  };
  return {
    description,
    headers: documented(all),
    ...(body && { content: { [contentType]: { schema: schemas.of(body, 'output') } } }),
  };
}

/** 202: what the endpoint says with it, not decided yet, or still waiting in line. */
function acceptedResponse(endpoint: EndpointSpec, schemas: Schemas): JsonSchema | undefined {
  const waits = endpoint.admission === 'pass' || endpoint.admission === 'payment';
  const pends = endpoint.command !== undefined && endpoint.pendingAnswer !== false;
  const own = endpoint.responses[202];
  if (!waits && !pends) return own && success(endpoint, own, schemas);
  const bodies = [...(own?.body ? [own.body] : []), ...(waits ? [queuePlace] : []), ...(pends ? [pending] : [])].map(
    (body) => schemas.of(body, 'output'),
  );
  const headers = {
    ...everyAnswer,
    'Retry-After': 'seconds until asking again makes sense, where it does',
    ...(waits && { 'Queue-Token': 'the renewed queue token, while waiting', 'Queue-Status': 'WAITING or ACTIVE' }),
    ...(pends && { Location: 'what is being made, where it has an address' }),
  };
  const meanings = [
    ...(own ? [`${own.description}.`] : []),
    ...(waits ? ['The queue token is still waiting: nothing was done.'] : []),
    ...(pends ? ['Durable and not decided yet: repeat the request with the key of the body.'] : []),
  ];
  const schema = bodies.length === 1 ? bodies[0]! : { oneOf: bodies };
  return { description: meanings.join(' Or: '), headers: documented(headers), content: json(schema) };
}

/** One response per status; its description names the codes. */
function problemResponses(endpoint: EndpointSpec, schemas: Schemas): [string, JsonSchema][] {
  const byStatus = new Map<number, ProblemCode[]>();
  for (const code of codesOf(endpoint)) {
    const { status } = problems[code];
    byStatus.set(status, [...(byStatus.get(status) ?? []), code]);
  }
  const schema = schemas.of(problemSchema, 'output');
  return [...byStatus].map(([status, codes]) => {
    const headers = {
      ...everyAnswer,
      ...(status === 401 && { 'WWW-Authenticate': '`Bearer` or `Queue-Token`: what is missing' }),
      ...((status === 429 || status === 503) && { 'Retry-After': 'seconds' }),
    };
    const description = codes.map((code) => `\`${code}\`: ${problems[code].title}`).join('. ');
    return [
      String(status),
      { description, headers: documented(headers), content: { 'application/problem+json': { schema } } },
    ];
  });
}

function codesOf({ access, admission, command, body, problems: own = [] }: EndpointSpec): Set<ProblemCode> {
  return new Set<ProblemCode>([
    'INVALID_REQUEST',
    ...(command === 'key-required' ? (['IDEMPOTENCY_KEY_REQUIRED'] as const) : []),
    ...(access === 'public' ? [] : (['UNAUTHENTICATED'] as const)),
    ...(admission ? (['QUEUE_TOKEN_REQUIRED', 'INVALID_TOKEN', 'TOKEN_EXPIRED', 'QUEUE_CLOSED'] as const) : []),
    ...(access === 'organizer' || access === 'operator' ? (['FORBIDDEN'] as const) : []),
    ...own,
    ...(body || command ? (['PAYLOAD_TOO_LARGE', 'UNSUPPORTED_MEDIA_TYPE'] as const) : []),
    ...(command ? (['IDEMPOTENCY_KEY_REUSED'] as const) : []),
    'INTERNAL',
    'OVERLOADED',
  ]);
}

const everyAnswer = { 'X-Request-Id': 'yours, or one of ours', 'Cache-Control': 'how long the answer holds' };

function documented(headers: Readonly<Record<string, string>>): JsonSchema {
  return Object.fromEntries(
    Object.entries(headers).map(([name, description]) => [name, { description, schema: { type: 'string' } }]),
  );
}

function json(schema: JsonSchema): JsonSchema {
  return { 'application/json': { schema } };
}
