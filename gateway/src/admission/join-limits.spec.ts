import { afterEach, describe, expect, it } from '@jest/globals';
import { aConcertId } from '../../test/admission-builders.js';
import { GatewayUnderTest } from '../../test/gateway-under-test.js';
import { JoinLimits } from './join-limits.js';

describe('the limits of joining', () => {
  let gateway: GatewayUnderTest;
  afterEach(() => gateway.stop());

  /** Another user each time; the status of the answer. Accepted ones are not answered in time here: 503. */
  let users = 0;
  async function join(remoteAddress: string, forwardedFor?: string): Promise<number> {
    const headers = {
      ...(await gateway.bearer(`user-${(users += 1)}`)),
      ...(forwardedFor !== undefined && { 'x-forwarded-for': forwardedFor }),
    };
    const url = `/v1/concerts/${aConcertId}/queue-token`;
    return (await gateway.request({ method: 'POST', url, headers, remoteAddress })).statusCode;
  }

  it('go by the connection, whatever its client says of itself', async () => {
    gateway = await GatewayUnderTest.start({ JOINS_PER_ADDRESS: '2' });
    expect(await join('203.0.113.1', '198.51.100.1')).toBe(503);
    expect(await join('203.0.113.1', '198.51.100.2')).toBe(503);
    expect(await join('203.0.113.1', '198.51.100.3')).toBe(429);
    expect(await join('203.0.113.2', '198.51.100.3')).toBe(503);
    expect(gateway.bus.asked).toHaveLength(3);
  });

  it('go by what a trusted proxy says, and by the connection of everybody else', async () => {
    gateway = await GatewayUnderTest.start({ JOINS_PER_ADDRESS: '1', TRUSTED_PROXIES: '10.0.0.0/8' });
    expect(await join('10.1.2.3', '198.51.100.1')).toBe(503);
    expect(await join('10.3.2.1', '198.51.100.2')).toBe(503);
    expect(await join('10.1.2.3', '198.51.100.2')).toBe(429);
    expect(await join('203.0.113.1', '198.51.100.9')).toBe(503);
    expect(await join('203.0.113.1', '198.51.100.8')).toBe(429);
  });

  it('take nobody for a client of the public whose address is a private one, such as a proxy that is not trusted', async () => {
    gateway = await GatewayUnderTest.start({ JOINS_PER_ADDRESS: '1' });
    for (let fan = 0; fan < 3; fan += 1) expect(await join('10.1.2.3', '198.51.100.1')).toBe(503);
  });

  it('let three thousand fans behind one address in within a minute, as they are set', async () => {
    gateway = await GatewayUnderTest.start();
    const limits = gateway.app.get(JoinLimits);
    for (let fan = 0; fan < 3_000; fan += 1) limits.take(`fan-${fan}`, '203.0.113.1');
  });
});
