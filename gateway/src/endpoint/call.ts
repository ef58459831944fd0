import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import type { z } from 'zod';
import type { PlaceReference } from '#contracts';
import type { Standing } from '../admission/standing.js';
import type { Identity } from '../identity/identity.js';
import { clientNetwork } from '../http/client-network.js';
import { clientRequestId, traceOf } from '../http/trace.js';
import type { EndpointSpec } from './endpoint.js';

type Given<E extends EndpointSpec, Part extends 'params' | 'query' | 'body'> = E[Part] extends z.ZodType
  ? z.output<E[Part]>
  : Record<never, never>;

/** A request that passed its declaration: who asks, and the validated parts. */
export interface Call<E extends EndpointSpec = EndpointSpec> {
  readonly endpoint: E;
  readonly params: Given<E, 'params'>;
  readonly query: Given<E, 'query'>;
  readonly body: Given<E, 'body'>;
  /** The concrete path, ids in their canonical spelling, without a query. */
  readonly path: string;
  readonly idempotencyKey: string | null;
  readonly traceparent: string;
  /** The X-Request-Id where it is ours and so unique: a command's whole way is found by it. */
  readonly correlationId: string | null;
  /** Present on every endpoint that is not public. */
  readonly identity: Identity | null;
  /** Which service asks; present where services do. */
  readonly service: string | null;
  /** Present on every endpoint with admission. */
  standing: Standing | null;
  /** Instead of a standing, where paying is asked for: the place whose token a payment has spent. */
  spent: PlaceReference | null;
  /** Whose connection it came by: an IPv4 address or an IPv6 /64. */
  readonly network: string | null;
  /** Who the answers belong to. Throws on a public endpoint: a mistake in its declaration. */
  readonly userId: string;
}

type CallParts = Omit<Call, 'userId' | 'network' | 'traceparent' | 'correlationId' | 'standing' | 'spent'>;

const calls = new WeakMap<FastifyRequest, Call>();

export function keepCall(request: FastifyRequest, parts: CallParts): Call {
  const call: Call = {
    ...parts,
    standing: null,
    spent: null,
    correlationId: clientRequestId(request.raw) === null ? request.id : null,
    get traceparent() {
      return traceOf(request.raw).traceparent;
    },
    get network() {
      return clientNetwork(request);
    },
    get userId() {
      if (!parts.identity) throw new Error(`${parts.endpoint.path} is public and has no user`);
      return parts.identity.userId;
    },
  };
  calls.set(request, call);
  return call;
}

export function callOf(request: FastifyRequest): Call | undefined {
  return calls.get(request);
}

/** Hands a controller's method its call. */
export const Called = createParamDecorator((_: unknown, context: ExecutionContext) =>
  callOf(context.switchToHttp().getRequest<FastifyRequest>()),
);

/** The standing on an endpoint with admission. Throws on any other: a mistake in its declaration. */
export function standingOf({ standing, endpoint }: Pick<Call, 'standing' | 'endpoint'>): Standing {
  if (!standing) throw new Error(`${endpoint.path} asks for no queue token`);
  return standing;
}
