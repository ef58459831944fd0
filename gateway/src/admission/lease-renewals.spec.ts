import { describe, expect, it } from '@jest/globals';
import { Overloaded } from '#messaging';
import { aToken, minute, noon } from '../../test/admission-builders.js';
import { ScriptedBus } from '../../test/gateway-under-test.js';
import { LeaseRenewals } from './lease-renewals.js';
import { placeOf } from './standing.js';

describe('the lease of a place', () => {
  const place = placeOf(aToken());
  const later = noon + 15 * minute;

  it('costs nothing while it covers what is promised', async () => {
    const bus = new ScriptedBus();
    expect(await new LeaseRenewals(bus).lease(place, later, later, later + minute)).toBe(later);
    expect(bus.told).toEqual([]);
  });

  it('is made longer first where it does not', async () => {
    const bus = new ScriptedBus();
    expect(await new LeaseRenewals(bus).lease(place, later, later + 1, later + minute)).toBe(later + minute);
    const leaseUntil = new Date(later + minute).toISOString();
    expect(bus.told).toMatchObject([{ type: 'queue.RenewLease.v1', payload: { ...place, leaseUntil } }]);
  });

  it('is renewed once for all who ask meanwhile, and for those who come with an old token after', async () => {
    const bus = new ScriptedBus();
    const renewals = new LeaseRenewals(bus);
    const ask = () => renewals.lease(place, later, later + 1, later + minute);
    expect(await Promise.all([ask(), ask(), ask()])).toEqual([later + minute, later + minute, later + minute]);
    expect(await ask()).toBe(later + minute);
    expect(bus.told).toHaveLength(1);
  });

  it('stays what it was when the broker does not take the renewal: nothing is promised beyond it', async () => {
    const bus = new ScriptedBus();
    bus.tell = () => Promise.reject(new Overloaded('no'));
    expect(await new LeaseRenewals(bus).lease(place, later, later + 1, later + minute)).toBe(later);
  });
});
