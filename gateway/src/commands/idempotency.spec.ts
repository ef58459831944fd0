import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { version } from 'uuid';
import { uuid } from '#contracts';
import { aKeyRing } from '../../test/admission-builders.js';
import { canonicalJson } from './canonical-json.js';
import { derivedId, Idempotency } from './idempotency.js';

const idempotency = new Idempotency(aKeyRing('a', 'b'));
const request = { userId: 'ann', method: 'POST', path: '/v1/reservations' };

describe('the id of a keyed command', () => {
  it('is the same for the same user, method, path and key, on every replica', () => {
    const other = new Idempotency(aKeyRing('a', 'b'));
    expect(idempotency.identify(request, 'k', {}).id).toBe(other.identify(request, 'k', {}).id);
  });

  it('lies in the range of keyed ids: version 8, first byte ff', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), fc.string(), (userId, key) => {
        const { id } = idempotency.identify({ ...request, userId }, key, {});
        expect([uuid.safeParse(id).success, version(id), id.slice(0, 2)]).toEqual([true, 8, 'ff']);
      }),
    );
  });

  it('differs once any part differs, however the parts are cut', () => {
    const parts = fc.tuple(fc.string(), fc.string(), fc.string(), fc.string());
    const idOf = ([userId, method, path, key]: string[]) =>
      idempotency.identify({ userId: userId!, method: method!, path: path! }, `x${key!}`, {}).id;
    fc.assert(
      fc.property(parts, parts, (one, other) => {
        expect(idOf(one) === idOf(other)).toBe(JSON.stringify(one) === JSON.stringify(other));
      }),
    );
    expect(idOf(['ab', 'c', '', ''])).not.toBe(idOf(['a', 'bc', '', '']));
  });

  it('goes with a hash of the body alone, however its members are ordered', () => {
    const hashOf = (body: object) => idempotency.identify(request, 'k', body).requestHash;
    expect(hashOf({ a: 1, b: [{ c: 2, d: 3 }] })).toBe(hashOf({ b: [{ d: 3, c: 2 }], a: 1 }));
    expect(hashOf({ a: 1 })).not.toBe(hashOf({ a: 2 }));
    expect(canonicalJson({ b: 1, a: [3, { z: null, y: 'é' }] })).toBe('{"a":[3,{"y":"é","z":null}],"b":1}');
  });
});

describe('a command without a key', () => {
  it('is a new one each time, sorted by time', () => {
    const [one, other] = [idempotency.identify(request, null, {}), idempotency.identify(request, null, {})];
    expect([version(one.id), version(other.id)]).toEqual([7, 7]);
    expect(one.id < other.id).toBe(true);
  });

  it('shows a key that repeats it, body hash included', () => {
    const first = idempotency.identify(request, null, { a: 1 });
    const again = idempotency.identify(request, first.key, { a: 1 });
    expect([again.id, again.requestHash, again.repeatable]).toEqual([first.id, first.requestHash, true]);
  });

  it('shows a key that is good for this user, method and path only', () => {
    const { key } = idempotency.identify(request, null, {});
    for (const other of [{ userId: 'bob' }, { method: 'PATCH' }, { path: '/v1/wallet/top-ups' }]) {
      expect(() => idempotency.identify({ ...request, ...other }, key, {})).toThrow('INVALID_REQUEST');
    }
  });

  it('keeps its key when the signing key changes', () => {
    const { key, id } = idempotency.identify(request, null, {});
    expect(new Idempotency(aKeyRing('b', 'a')).identify(request, key, {}).id).toBe(id);
  });
});

describe('an id drawn for a command', () => {
  it('is the same at every repeat and another for each purpose', () => {
    const { id } = idempotency.identify(request, 'k', {});
    expect(derivedId(id, 'reservation')).toBe(derivedId(id, 'reservation'));
    expect(derivedId(id, 'reservation')).not.toBe(derivedId(id, 'payment'));
    expect(derivedId(id, 'reservation')).toMatch(/^ff/);
  });

  it("keeps the command's time where that has one", () => {
    const { id } = idempotency.identify(request, null, {});
    const derived = derivedId(id, 'reservation');
    expect([version(derived), derived.slice(0, 13)]).toEqual([7, id.slice(0, 13)]);
    expect(derived).not.toBe(id);
  });
});
