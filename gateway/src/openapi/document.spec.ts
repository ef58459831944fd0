import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { GatewayUnderTest } from '../../test/gateway-under-test.js';
import { KnownRoutes } from '../http/known-routes.js';
import { z } from 'zod';
import { Schemas } from './schemas.js';

interface Operation {
  readonly operationId: string;
  readonly parameters: { name: string; in: string; required: boolean; schema: object }[];
  readonly requestBody?: { content: Record<string, { schema: object }> };
  readonly responses: Record<string, { description: string; content?: Record<string, { schema: object }> }>;
  readonly security: Record<string, string[]>[];
}

interface Document {
  readonly openapi: string;
  readonly paths: Record<string, Record<string, Operation>>;
  readonly components: { schemas: Record<string, object> };
}

describe('the served OpenAPI document', () => {
  let gateway: GatewayUnderTest;
  let document: Document;
  let operations: [string, Operation][];

  beforeAll(async () => {
    gateway = await GatewayUnderTest.start();
    document = (await gateway.request({ method: 'GET', url: '/openapi.json' })).json<Document>();
    operations = Object.entries(document.paths).flatMap(([path, item]) =>
      Object.entries(item).map(([method, operation]): [string, Operation] => [
        `${method.toUpperCase()} ${path}`,
        operation,
      ]),
    );
  });
  afterAll(() => gateway.stop());

  it('is 3.1 and has exactly the routes of the API', () => {
    expect(document.openapi).toBe('3.1.0');
    const served = gateway.app
      .get(KnownRoutes)
      .all()
      .filter(({ method, url }) => method !== 'HEAD' && url.startsWith('/v1/'))
      .map(({ method, url }) => `${method} ${url.replaceAll(/:(\w+)/g, '{$1}')}`);
    expect(operations.map(([name]) => name).sort()).toEqual(served.sort());
    expect(served).toHaveLength(36);
  });

  it('names every operation once, and describes every path parameter', () => {
    const ids = operations.map(([, { operationId }]) => operationId);
    expect(new Set(ids).size).toBe(ids.length);
    for (const [name, { parameters }] of operations) {
      const inPath = parameters
        .filter((parameter) => parameter.in === 'path' && parameter.required)
        .map((one) => one.name);
      expect(inPath).toEqual([...name.matchAll(/\{(\w+)\}/g)].map(([, parameter]) => parameter));
    }
  });

  it('gives every answer that has a body a schema, and every schema it refers to', () => {
    const references = new Set(
      [...JSON.stringify(document).matchAll(/"#\/components\/schemas\/(\w+)"/g)].map(([, name]) => name),
    );
    expect(Object.keys(document.components.schemas).sort()).toEqual([...references].sort());
    for (const [name, { responses }] of operations) {
      for (const [status, { description, content }] of Object.entries(responses)) {
        const bodiless = status === '204' || status === '304';
        expect([name, status, description !== '', content !== undefined]).toEqual([name, status, true, !bodiless]);
        if (Number(status) >= 400) expect(Object.keys(content ?? {})).toEqual(['application/problem+json']);
      }
    }
  });

  it('is written in JSON Schema draft 2020-12 alone: nothing of older drafts, nothing of zod', () => {
    const text = JSON.stringify(document);
    for (const word of ['"nullable"', '"~standard"', '"_def"', '"$defs"', '"$schema"', '"exclusiveMinimum":true']) {
      expect(text).not.toContain(word);
    }
  });

  it('describes what is logged of operators by another schema than what they send', () => {
    const { schemas } = document.components;
    expect(schemas['OperatorAct']).toMatchObject({
      required: expect.arrayContaining(['actId', 'operator', 'outcome']),
    });
    expect(schemas['OperatorReason']).toMatchObject({ required: ['reason'], additionalProperties: false });
  });

  it('cannot be made where two schemas have one name', () => {
    const schemas = new Schemas();
    schemas.of(z.object({ reason: z.string() }).meta({ id: 'Twin' }), 'output');
    const other = z.object({ actId: z.string() }).meta({ id: 'Twin' });
    expect(() => schemas.of(z.array(other), 'output')).toThrow('two schemas have the name Twin');
  });

  it('leaves every answer open to new members', () => {
    for (const [name, { responses }] of operations) {
      expect([name, JSON.stringify(responses).includes('"additionalProperties":false')]).toEqual([name, false]);
    }
    for (const name of ['Concert', 'QueuePlace', 'Reservation', 'Payment', 'SeatMap', 'Problem']) {
      expect(JSON.stringify(document.components.schemas[name])).not.toContain('"additionalProperties":false');
    }
  });

  it('refuses unknown members in every body', () => {
    for (const [, { requestBody }] of operations) {
      if (!requestBody) continue;
      const schema = requestBody.content['application/json']!.schema as { $ref: string };
      const named = document.components.schemas[schema.$ref.split('/').at(-1)!] as { additionalProperties?: boolean };
      expect(named.additionalProperties).toBe(false);
    }
  });

  it('says who may ask: public, with an access token, with a queue token too', () => {
    const security = Object.fromEntries(operations.map(([name, operation]) => [name, operation.security]));
    expect(security['GET /v1/concerts']).toEqual([]);
    expect(security['GET /v1/wallet']).toEqual([{ accessToken: [] }]);
    expect(security['POST /v1/reservations']).toEqual([{ accessToken: [], queueToken: [] }]);
  });

  it('has the development sign-in only where it exists', async () => {
    expect(document.paths['/v1/dev/sign-in']).toBeDefined();
    const oidc = { AUTH_MODE: 'oidc', OIDC_ISSUER: 'https://id.example', OIDC_AUDIENCE: 'tickets' };
    const production = await GatewayUnderTest.start(oidc);
    const served = (await production.request({ method: 'GET', url: '/openapi.json' })).json<Document>();
    expect(served.paths['/v1/dev/sign-in']).toBeUndefined();
    const response = await production.request({ method: 'POST', url: '/v1/dev/sign-in', payload: { userId: 'ann' } });
    expect(response.statusCode).toBe(404);
    await production.stop();
  });

  it('is shown at /docs, with everything it needs served from here', async () => {
    const page = await gateway.request({ method: 'GET', url: '/docs' });
    expect([page.statusCode, page.headers['content-type']]).toEqual([200, 'text/html']);
    const assets = [...page.body.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, address]) => address!);
    expect(assets.length).toBeGreaterThan(2);
    for (const asset of assets) {
      const { pathname, origin } = new URL(asset, 'http://gateway/docs');
      expect(origin).toBe('http://gateway');
      expect([pathname, (await gateway.request({ method: 'GET', url: pathname })).statusCode]).toEqual([pathname, 200]);
    }
  });
});
