import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { aKeyRing, aToken } from '../../test/admission-builders.js';
import { parseKeyRing } from './key-ring.js';
import { QueueTokens } from './queue-token.js';

describe('a queue token', () => {
  const tokens = new QueueTokens(aKeyRing('a', 'b'));

  it('says what was signed', () => {
    const facts = aToken({ userId: 'Zoë "quoted" ,.', shownPosition: 7 });
    expect(tokens.verify(tokens.sign(facts))).toEqual(facts);
    expect(new QueueTokens(aKeyRing('a')).verify(tokens.sign(facts))).toEqual(facts);
  });

  it('is signed by the first key and verified by all, so that keys can be changed', () => {
    const old = new QueueTokens(aKeyRing('b')).sign(aToken());
    expect(old).toMatch(/^v1\.b\./);
    expect(tokens.sign(aToken())).toMatch(/^v1\.a\./);
    expect(tokens.verify(old)).toEqual(aToken());
  });

  it('is nothing to a gateway without its key', () => {
    expect(new QueueTokens(aKeyRing('c')).verify(tokens.sign(aToken()))).toBeNull();
  });

  it('is refused under the name of another key', () => {
    expect(tokens.verify(tokens.sign(aToken()).replace('v1.a.', 'v1.b.'))).toBeNull();
  });

  it('is refused once any character of it is another', () => {
    const token = tokens.sign(aToken());
    fc.assert(
      fc.property(
        fc.nat(token.length - 1),
        fc.constantFrom('A', 'B', 'w', '-', '_', '.', '=', ' ', 'é'),
        (index, other) => {
          fc.pre(token[index] !== other);
          expect(tokens.verify(token.slice(0, index) + other + token.slice(index + 1))).toBeNull();
        },
      ),
    );
  });

  it('has one spelling only: the spare bits of the last character do not count', () => {
    const token = tokens.sign(aToken());
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    const last = alphabet.indexOf(token.at(-1)!);
    const spellings = [1, 2, 3].map((bits) => token.slice(0, -1) + alphabet[last ^ bits]!);
    const sameMac = (one: string) => Buffer.from(one.split('.')[3]!, 'base64url').toString('hex');
    expect(new Set([token, ...spellings].map(sameMac)).size).toBe(1);
    for (const spelling of spellings) expect(tokens.verify(spelling)).toBeNull();
  });

  it('that is forged pushes no good one out of what is kept, however many come', () => {
    const token = tokens.sign(aToken());
    const kept = tokens.verify(token);
    for (let count = 0; count < 60_000; count += 1) {
      tokens.verify(`v1.a.${count.toString(36)}.${'A'.repeat(43)}`);
    }
    // The same object, not one made anew.
    expect(tokens.verify(token)).toBe(kept);
  });

  it.each(['', 'v1', 'v1...', 'v2.a.b.c', `v1.a.${'A'.repeat(5000)}.${'A'.repeat(43)}`])('is not %j', (text) => {
    expect(tokens.verify(text)).toBeNull();
  });
});

describe('the keys', () => {
  it.each([
    ['short', 'a:AAAA'],
    ['unnamed', 'AAAA'],
    ['twice', `${one('a')},${one('a')}`],
    ['empty', ''],
  ])('are refused when %s, without showing them', (_, text) => {
    expect(() => parseKeyRing(text)).toThrow(/^(?!.*AAAA)/);
  });
});

function one(kid: string): string {
  return `${kid}:${Buffer.alloc(32).toString('base64url')}`;
}
