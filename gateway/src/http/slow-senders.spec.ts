import type { Server } from 'node:http';
import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { GatewayUnderTest } from '../../test/gateway-under-test.js';

const halfBody =
  'POST /v1/dev/sign-in HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{';
const halfHead = 'POST /v1/dev/sign-in HTTP/1.1\r\nHost: x\r\nContent-Ty';

describe('who sends slowly', () => {
  let gateway: GatewayUnderTest;
  let port: number;
  const senders: Socket[] = [];

  beforeAll(async () => {
    gateway = await GatewayUnderTest.start({ IN_FLIGHT_MAX: '1' });
    port = await gateway.listen();
  });
  afterAll(async () => {
    for (const sender of senders) sender.destroy();
    await gateway.stop();
  });

  /** Sends the beginning of a request and nothing more. */
  async function begin(text: string): Promise<Socket> {
    const sender = connect(port, '127.0.0.1');
    senders.push(sender);
    await new Promise((resolve) => sender.write(text, resolve));
    return sender;
  }

  it('is no work yet, and keeps nobody out', async () => {
    const url = `http://127.0.0.1:${port}/v1/dev/sign-in`;
    const signIn = () =>
      fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"userId":"ann"}' });
    for (let count = 0; count < 3; count += 1) {
      await begin(halfBody);
      expect((await signIn()).status).toBe(200);
    }
  });

  it.each([
    ['head', halfHead],
    ['body', halfBody],
  ])(
    'is told so and let go of when the time for a whole request is over: half a %s',
    async (_, text) => {
      const server = gateway.app.getHttpServer() as Server;
      [server.headersTimeout, server.requestTimeout] = [100, 100];
      const sender = await begin(text);
      let answer = '';
      for await (const chunk of sender.setEncoding('utf8')) answer += chunk as string;
      expect(answer).toMatch(/^HTTP\/1.1 400 /);
      expect(answer).toMatch(/\r\nX-Request-Id: [0-9a-f-]{36}\r\n/);
      expect(answer).toContain('The request took too long to arrive.');
    },
    60_000,
  );
});
