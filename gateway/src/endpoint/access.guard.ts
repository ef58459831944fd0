import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyRequest } from 'fastify';
import { AccessTokens } from '../identity/access-tokens.js';
import { bearerOf, type Identity } from '../identity/identity.js';
import { ServiceKeys } from '../identity/service-keys.js';
import { Problem } from '../problems/problem.js';
import { keepCall } from './call.js';
import { ENDPOINT, type EndpointSpec } from './endpoint.js';
import { validated, validatedKey } from './validation.js';

/** First who asks, then whether they may, then whether the request makes sense: strangers learn nothing about the inside. */
@Injectable()
export class AccessGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly accessTokens: AccessTokens,
    private readonly serviceKeys: ServiceKeys,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const endpoint = this.reflector.get<EndpointSpec | undefined>(ENDPOINT, context.getHandler());
    // Health, metrics and the documentation are not part of the API and declare nothing.
    if (!endpoint) return true;
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    const { access } = endpoint;
    const service = access === 'service' ? this.identifyService(request) : null;
    const identity = access === 'service' || access === 'public' ? null : await this.identify(request);
    if (identity) requireRole(endpoint, identity);
    const params = validated(endpoint.params, 'path', request.params);
    const query = validated(endpoint.query, 'query', request.query);
    const body = validated(endpoint.body, 'body', request.body);
    const idempotencyKey = endpoint.command
      ? validatedKey(request.headers['idempotency-key'], endpoint.command === 'key-required')
      : null;
    const path = pathWith(endpoint, params);
    keepCall(request, { endpoint, params, query, body, path, idempotencyKey, identity, service });
    return true;
  }

  private async identify(request: FastifyRequest): Promise<Identity> {
    const token = bearerOf(request.headers.authorization);
    const identity = token === null ? null : await this.accessTokens.verify(token);
    if (identity) return identity;
    const detail =
      token === null ? 'Send Authorization: Bearer <access token>.' : 'The access token is not valid any more.';
    throw new Problem('UNAUTHENTICATED', detail);
  }

  private identifyService(request: FastifyRequest): string {
    const key = bearerOf(request.headers.authorization);
    const service = key === null ? null : this.serviceKeys.ownerOf(key);
    if (service !== null) return service;
    throw new Problem('UNAUTHENTICATED', "Send Authorization: Bearer <your service's key>.");
  }
}

function requireRole(endpoint: EndpointSpec, identity: Identity): void {
  const role = endpoint.access;
  if (role === 'user' || identity.roles.includes(role)) return;
  throw new Problem('FORBIDDEN', `This needs the role ${role}.`);
}

/** Built from the validated parameters, so that spellings of one id are one path. */
function pathWith(endpoint: EndpointSpec, params: object): string {
  const values = params as Record<string, string>;
  return endpoint.path.replaceAll(/\{(\w+)\}/g, (_, name: string) => values[name] ?? '');
}
