import { applyDecorators, Delete, Get, Patch, Post, SetMetadata } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import type { z } from 'zod';
import type { ProblemCode } from '../problems/catalogue.js';

export interface ResponseSpec {
  readonly description: string;
  /** Absent: the answer has no body. */
  readonly body?: z.ZodType;
  /** Of the body; JSON unless said otherwise. */
  readonly contentType?: 'application/json' | 'text/event-stream';
  /** Headers of this answer beside those every answer has: name → meaning. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** One endpoint, declared once: its route, its access, its validation and its part of the OpenAPI document. */
export interface EndpointSpec {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  /** In OpenAPI's form: `/v1/concerts/{concertId}`. */
  readonly path: string;
  readonly tag: string;
  readonly summary: string;
  readonly description?: string;
  /** `service`: by a key of INTROSPECTION_KEYS instead of an access token. */
  readonly access: 'public' | 'user' | 'organizer' | 'operator' | 'service';
  /**
   * What queue token it asks for. `pass`: an ACTIVE one, a waiting visitor gets 202. `payment`: the same, and a pass that
   * ended less than the hold's length ago. `place`: any live one.
   */
  readonly admission?: 'pass' | 'payment' | 'place';
  /** It sends a command: an Idempotency-Key is understood, and 202 PENDING may be the answer. */
  readonly command?: 'key-optional' | 'key-required';
  /** Pending is answered too, unless the endpoint says it never is. */
  readonly pendingAnswer?: boolean;
  readonly cache?: Caching;
  readonly params?: z.ZodObject;
  readonly query?: z.ZodObject;
  readonly body?: z.ZodObject;
  readonly responses: Readonly<Record<number, ResponseSpec>>;
  /** The problems of this endpoint beside those that follow from the above. */
  readonly problems?: readonly ProblemCode[];
}

/** `no-store` unless declared otherwise. */
export type Caching = 'no-store' | 'private, no-cache' | 'public, max-age=1';

export const ENDPOINT = Symbol('endpoint');

export function endpoint<const E extends EndpointSpec>(spec: E): E {
  return spec;
}

const routes = { GET: Get, POST: Post, PATCH: Patch, DELETE: Delete };

/** Routes a controller's method as its declaration says. */
export function Endpoint(spec: EndpointSpec): MethodDecorator {
  const path = spec.path.replaceAll(/\{(\w+)\}/g, ':$1');
  const asks = { asksForQueueToken: spec.admission !== undefined };
  return applyDecorators(routes[spec.method](path), SetMetadata(ENDPOINT, spec), RouteConfig(asks));
}

/** The declarations of a controller's methods. */
export function endpointsOf(controller: Function): EndpointSpec[] {
  const prototype = controller.prototype as Record<string, unknown>;
  return Object.getOwnPropertyNames(prototype).flatMap((name) => {
    const method = prototype[name];
    const spec = typeof method === 'function' ? (Reflect.getMetadata(ENDPOINT, method) as EndpointSpec) : undefined;
    return spec ? [spec] : [];
  });
}
