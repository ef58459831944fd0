import { describe, expect, it } from '@jest/globals';
import type { FastifyRequest } from 'fastify';
import { readSettings } from '#service';
import { gatewaySettings } from '../config.js';
import { clientNetwork } from './client-network.js';

describe('the network of a client', () => {
  it.each([
    ['203.0.113.7', '203.0.113.7'],
    ['::ffff:203.0.113.7', '203.0.113.7'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:db8:1:2::', '2001:db8:1:2::/64'],
    ['2001:0DB8:0001:0002:ffff::1', '2001:db8:1:2::/64'],
    ['2001:db8:1:3::1', '2001:db8:1:3::/64'],
    ...['127.0.0.1', '::1', '::ffff:10.1.2.3', '192.168.0.7', '100.64.0.1', 'fe80::1%eth0', 'fd00::1'].map(
      (address) => [address, null] as const,
    ),
    ['unknown', '192.0.2.1'],
    ['', '192.0.2.1'],
  ])('of %j is %s', (ip, network) => {
    const request = { ip, socket: { remoteAddress: '192.0.2.1' } } as unknown as FastifyRequest;
    expect(clientNetwork(request)).toBe(network);
  });

  it('is nobody’s once the connection is gone', () => {
    const request = { ip: undefined, socket: {} } as unknown as FastifyRequest;
    expect(clientNetwork(request)).toBeNull();
  });

  it('is told by proxies that are named as addresses, ranges, or names of ranges', () => {
    const { TRUSTED_PROXIES } = gatewaySettings;
    const read = (value: string) => readSettings({ TRUSTED_PROXIES }, { TRUSTED_PROXIES: value }).TRUSTED_PROXIES;
    expect(read('10.0.0.0/8, ::1,loopback')).toEqual(['10.0.0.0/8', '::1', 'loopback']);
    expect(read('')).toEqual([]);
    for (const wrong of ['proxy.example', '10.0.0.0/33', 'true', '*'])
      expect(() => read(wrong)).toThrow(/TRUSTED_PROXIES/);
  });
});
