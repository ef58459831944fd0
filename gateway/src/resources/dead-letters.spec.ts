import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { v7 as uuidv7 } from 'uuid';
import { GatewayUnderTest } from '../../test/gateway-under-test.js';
import { services } from '../upstreams/upstreams.js';

interface Letter {
  readonly deadLetterId: string;
}

/** A service's list of dead letters, newest first, as `libs/messaging` answers it. */
class LettersOfService {
  letters: Letter[] = [];
  readonly asked: string[] = [];
  broken = false;
  private readonly server: Server = createServer(({ url = '' }, response) => {
    this.asked.push(url);
    response.setHeader('Content-Type', 'application/json');
    const { status, body } = this.answer(new URL(url, 'http://service'));
    response.writeHead(status).end(JSON.stringify(body));
  });

  async listen(): Promise<string> {
    await new Promise<void>((listening) => this.server.listen(0, '127.0.0.1', listening));
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  close(): void {
    this.server.close().closeAllConnections();
  }

  private answer({ pathname, searchParams }: URL): { status: number; body: unknown } {
    if (this.broken) return { status: 503, body: {} };
    const [, , , id] = pathname.split('/');
    const letter = this.letters.find(({ deadLetterId }) => deadLetterId === id);
    if (id !== undefined)
      return letter ? { status: 200, body: letter } : { status: 404, body: { code: 'DEAD_LETTER_NOT_FOUND' } };
    const cursor = searchParams.get('cursor');
    const before = cursor === null ? 'z' : (JSON.parse(Buffer.from(cursor, 'base64url').toString()) as string);
    const limit = Number(searchParams.get('limit'));
    const rest = this.letters.filter(({ deadLetterId }) => deadLetterId < before);
    const items = rest.slice(0, limit);
    return { status: 200, body: { items, nextCursor: rest.length > limit ? 'more' : null } };
  }
}

describe('dead letters, of all services,', () => {
  const of = Object.fromEntries(services.map((service) => [service, new LettersOfService()])) as Record<
    (typeof services)[number],
    LettersOfService
  >;
  let gateway: GatewayUnderTest;
  let operator: { authorization: string };

  beforeAll(async () => {
    const urls = services.map(async (service) => [`${service.toUpperCase()}_URL`, await of[service].listen()]);
    gateway = await GatewayUnderTest.start(Object.fromEntries(await Promise.all(urls)) as Record<string, string>);
    operator = await gateway.bearer('olga', ['operator']);
  });
  afterAll(async () => {
    await gateway.stop();
    for (const service of services) of[service].close();
  });
  beforeEach(() => {
    for (const service of services) Object.assign(of[service], { letters: [], broken: false });
    gateway.bus.asked.length = 0;
  });

  const list = (query = '', headers = operator) =>
    gateway.request({ method: 'GET', url: `/v1/admin/dead-letters${query}`, headers });
  const replay = (id: string, headers: Record<string, string> = {}) =>
    gateway.request({
      method: 'POST',
      url: `/v1/admin/dead-letters/${id}/replay`,
      headers: { ...operator, ...headers },
      payload: { reason: 'mended' },
    });
  /** One after the other, each given to the service whose turn it is; newest first. */
  function letters(owners: readonly (typeof services)[number][]): [string, string][] {
    const parked = owners.map((service): [string, string] => [uuidv7(), service]);
    for (const [deadLetterId, service] of parked) of[service as 'wallet'].letters.unshift({ deadLetterId });
    return parked.toReversed();
  }

  it('are listed newest first, each once, page by page, with whose they are', async () => {
    const parked = letters(['wallet', 'wallet', 'queue', 'concert', 'wallet', 'reservation', 'queue']);
    for (const limit of [1, 2, 3, 7, 100]) {
      const seen: [string, string][] = [];
      let cursor: string | null = '';
      for (let page = 0; cursor !== null && page < 10; page += 1) {
        const answer = await list(`?limit=${limit}${cursor && `&cursor=${cursor}`}`);
        const body = answer.json<{ items: (Letter & { service: string })[]; nextCursor: string | null }>();
        expect(body.items.length).toBeLessThanOrEqual(limit);
        seen.push(...body.items.map(({ deadLetterId, service }): [string, string] => [deadLetterId, service]));
        cursor = body.nextCursor;
      }
      expect(seen).toEqual(parked);
    }
  });

  it('are those that were not replayed, unless the others are asked for', async () => {
    await list();
    await list('?replayed=true');
    expect(of.queue.asked.slice(-2)).toEqual([
      '/internal/dead-letters?replayed=false&limit=20',
      '/internal/dead-letters?replayed=true&limit=20',
    ]);
  });

  it('are not listed at all while one service does not answer', async () => {
    letters(['wallet']);
    of.queue.broken = true;
    const answer = await list();
    expect([answer.statusCode, answer.json<{ code: string }>().code]).toEqual([503, 'OVERLOADED']);
  });

  it('are for operators alone', async () => {
    for (const roles of [[], ['organizer']]) {
      const headers = await gateway.bearer('ann', roles);
      expect((await list('', headers)).statusCode).toBe(403);
      expect((await replay(uuidv7(), headers)).statusCode).toBe(403);
    }
  });

  it('are replayed by the service that has them, in the name of the operator', async () => {
    const [[deadLetterId] = ['']] = letters(['concert']);
    const body = { deadLetterId, status: 'REPLAYED', replayed: 1, remaining: 0 };
    gateway.bus.answer = () => ({ kind: 'answered', body, replayed: false });
    const answer = await replay(deadLetterId, { 'idempotency-key': 'once' });
    expect([answer.statusCode, answer.json()]).toEqual([202, body]);
    await replay(deadLetterId, { 'idempotency-key': 'once' });
    const [first, second] = gateway.bus.asked;
    expect(first).toMatchObject({
      type: 'concert.ReplayDeadLetter.v1',
      payload: { deadLetterId, operator: 'olga', reason: 'mended' },
    });
    expect(second!.options.id).toBe(first!.options.id);
  });

  it('that nobody has are not found; that a silent service may have are not said to be missing', async () => {
    const unknown = await replay(uuidv7());
    expect([unknown.statusCode, unknown.json<{ code: string }>().code]).toEqual([404, 'DEAD_LETTER_NOT_FOUND']);
    const [[deadLetterId] = ['']] = letters(['wallet']);
    of.reservation.broken = true;
    expect((await list(`/${uuidv7()}`)).statusCode).toBe(503);
    expect((await list(`/${deadLetterId}`)).json()).toEqual({ service: 'wallet', deadLetterId });
    expect(gateway.bus.asked).toHaveLength(0);
  });
});
