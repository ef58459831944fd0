import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose';
import { readSettings } from '#service';
import { checkTogether, gatewaySettings } from '../config.js';
import { AccessTokens } from './access-tokens.js';
import { DevIssuer } from './dev-issuer.js';
import { bearerOf, identityOf } from './identity.js';
import { OidcIssuer } from './oidc-issuer.js';

const inAnHour = () => Math.floor(Date.now() / 1000) + 3600;

describe('a development access token', () => {
  const issuer = new DevIssuer('a key for tests that is long enough');

  it('says who it was signed for, with roles', async () => {
    const { accessToken, expiresAt } = await issuer.signIn('ann', ['organizer'], Date.now());
    const identity = await new AccessTokens(issuer).verify(accessToken);
    expect(identity).toEqual({ userId: 'ann', roles: ['organizer'], expiresAt: Date.parse(expiresAt) });
  });

  it('is worth nothing after its time, or with another key', async () => {
    const tokens = new AccessTokens(issuer);
    const { accessToken } = await issuer.signIn('ann', [], Date.now() - 24 * 60 * 60 * 1000);
    expect(await tokens.verify(accessToken)).toBeNull();
    const foreign = await new DevIssuer('another key that is as long as it').signIn('ann', [], Date.now());
    expect(await tokens.verify(foreign.accessToken)).toBeNull();
  });
});

describe('an access token of an OpenID Connect provider', () => {
  let server: Server;
  let issuer: string;
  let tokens: AccessTokens;
  let keys: Awaited<ReturnType<typeof generateKeyPair>>;
  let keysAsked = 0;

  beforeAll(async () => {
    keys = await generateKeyPair('ES256');
    const jwks = { keys: [{ ...(await exportJWK(keys.publicKey)), kid: 'k', alg: 'ES256', use: 'sig' }] };
    server = createServer((request, response) => {
      if (request.url === '/jwks') keysAsked += 1;
      const discovery = { issuer, jwks_uri: `${issuer}/jwks` };
      response.end(JSON.stringify(request.url === '/jwks' ? jwks : discovery));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    tokens = new AccessTokens(new OidcIssuer(issuer, 'tickets'));
  });
  afterAll(() => void server.close().closeAllConnections());

  function sign(claims: JWTPayload = {}): Promise<string> {
    return new SignJWT({ sub: 'ann', iss: issuer, aud: 'tickets', exp: inAnHour(), roles: ['operator'], ...claims })
      .setProtectedHeader({ alg: 'ES256', kid: 'k' })
      .sign(keys.privateKey);
  }

  it('is verified by the published keys, which are asked for once', async () => {
    expect(await tokens.verify(await sign())).toMatchObject({ userId: 'ann', roles: ['operator'] });
    expect(await tokens.verify(await sign({ sub: 'bob' }))).toMatchObject({ userId: 'bob' });
    expect(keysAsked).toBe(1);
  });

  it.each([
    ['another issuer', { iss: 'https://other.example' }],
    ['another audience', { aud: 'mail' }],
    ['its time over', { exp: inAnHour() - 7200 }],
    ['its time just over: other clocks do not make it longer', { exp: inAnHour() - 3602 }],
    ['a subject that cannot be stored', { sub: 'a\u0000' }],
    ['no subject', { sub: undefined }],
  ])('is refused with %s', async (_, claims) => {
    expect(await tokens.verify(await sign(claims as JWTPayload))).toBeNull();
  });

  it('is refused when signed with a public key as if that were a secret', async () => {
    const secret = new TextEncoder().encode(JSON.stringify(await exportJWK(keys.publicKey)));
    const forged = await new SignJWT({ sub: 'ann', iss: issuer, aud: 'tickets', exp: inAnHour() })
      .setProtectedHeader({ alg: 'HS256', kid: 'k' })
      .sign(secret);
    expect(await tokens.verify(forged)).toBeNull();
  });

  it('cannot be judged while the provider does not answer: that is no refusal', async () => {
    const unreachable = new AccessTokens(new OidcIssuer('http://127.0.0.1:9', 'tickets'));
    await expect(unreachable.verify(await sign())).rejects.toMatchObject({ code: 'OVERLOADED' });
  });
});

describe('who asks', () => {
  it.each([
    [undefined, null],
    ['Bearer abc', 'abc'],
    ['bearer  abc==', 'abc=='],
    ['Bearer a b', null],
    ['Bearer ', null],
    [`Bearer ${'a'.repeat(9000)}`, null],
  ])('is read from Authorization: %j', (header, token) => {
    expect(bearerOf(header)).toBe(token);
  });

  it('has the roles that are text, and none where the claim is none', () => {
    expect(identityOf({ sub: 'ann', exp: 1, roles: ['operator', 7] })!.roles).toEqual(['operator']);
    expect(identityOf({ sub: 'ann', exp: 1, roles: 'operator' })!.roles).toEqual([]);
    expect(identityOf({ sub: 'x'.repeat(256), exp: 1 })).toBeNull();
  });
});

describe('the settings of access', () => {
  const needed = {
    QUEUE_URL: 'http://a',
    CONCERT_URL: 'http://a',
    RESERVATION_URL: 'http://b',
    WALLET_URL: 'http://c',
    KAFKA_BROKERS: 'd:1',
    QUEUE_TOKEN_KEYS: `k:${Buffer.alloc(32).toString('base64url')}`,
  };
  const check = (environment: Record<string, string>) => () =>
    checkTogether(readSettings(gatewaySettings, { ...needed, ...environment }), environment);
  const dev = { DEV_AUTH_KEY: 'x'.repeat(32) };

  it('are checked together', () => {
    expect(check(dev)).not.toThrow();
    expect(check({ ...dev, NODE_ENV: 'production' })).toThrow(/AUTH_MODE=dev refuses/);
    expect(check({})).toThrow(/DEV_AUTH_KEY/);
    expect(check({ AUTH_MODE: 'oidc' })).toThrow(/OIDC_ISSUER[^]*OIDC_AUDIENCE/);
    expect(
      check({ AUTH_MODE: 'oidc', OIDC_ISSUER: 'https://id', OIDC_AUDIENCE: 'a', NODE_ENV: 'production' }),
    ).not.toThrow();
  });

  it('name what is wrong, never the secret', () => {
    expect(check({ ...dev, QUEUE_TOKEN_KEYS: 'k:c2VjcmV0' })).toThrow(/^(?!.*c2VjcmV0)[^]*QUEUE_TOKEN_KEYS/);
  });
});
