import { describe, expect, it } from '@jest/globals';
import { eventually } from './eventually.js';

describe('eventually', () => {
  it('waits until the check answers', async () => {
    let looks = 0;
    await expect(eventually(() => (++looks === 3 ? 'seat' : undefined), { every: 1 })).resolves.toBe('seat');
  });

  it('waits while the check throws', async () => {
    let looks = 0;
    const check = () => {
      if (++looks < 3) throw new Error('not yet');
      return looks;
    };
    await expect(eventually(check, { every: 1 })).resolves.toBe(3);
  });

  it('gives up with the last failure', async () => {
    const check = () => {
      throw new Error('seat still held');
    };
    await expect(eventually(check, { within: 5, every: 1 })).rejects.toThrow('not within 5 ms: seat still held');
  });

  it('takes 0 and the empty text for answers', async () => {
    await expect(eventually(() => 0)).resolves.toBe(0);
    await expect(eventually(() => '')).resolves.toBe('');
  });
});
