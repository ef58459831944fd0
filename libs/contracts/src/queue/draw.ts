import { createCipheriv, createHash } from 'node:crypto';

/** A seed is 32 bytes, written as 64 lower-case hexadecimal digits. */
export const seedForm = /^[0-9a-f]{64}$/;

/** What is published of a seed before the draw: the SHA-256 of its 32 bytes, in hexadecimal. */
export function hashOfSeed(seed: string): string {
  return createHash('sha256').update(Buffer.from(seed, 'hex')).digest('hex');
}

/**
 * The draw of a pre-queue: queue numbers 1 to `registered` in the order that the seed says; that of registration r, from 1
 * on, is at r - 1. Fisher and Yates's shuffle from the highest index down; each of its choices is a 32-bit word (big-endian)
 * of the AES-256-CTR keystream of the seed (counter from zero), modulo the bound; words past the bound's last whole multiple
 * are left out. So every order is as likely as the seed is random, and whoever knows the seed can draw again.
 */
export function drawNumbers(seed: string, registered: number): Uint32Array {
  const numbers = Uint32Array.from({ length: registered }, (_, index) => index + 1);
  const below = choicesOf(seed);
  for (let last = registered - 1; last > 0; last -= 1) {
    const chosen = below(last + 1);
    const number = numbers[last]!;
    numbers[last] = numbers[chosen]!;
    numbers[chosen] = number;
  }
  return numbers;
}

/** @returns what draws the next whole number from 0 to below a bound, each equally likely. */
function choicesOf(seed: string): (bound: number) => number {
  const cipher = createCipheriv('aes-256-ctr', Buffer.from(seed, 'hex'), Buffer.alloc(16));
  const zeros = Buffer.alloc(16 * 1024);
  let words = cipher.update(zeros);
  let offset = 0;
  return (bound) => {
    for (;;) {
      if (offset === words.length) {
        words = cipher.update(zeros);
        offset = 0;
      }
      const word = words.readUInt32BE(offset) >>> 0;
      offset += 4;
      const choice = word % bound;
      if (word - choice + bound <= 2 ** 32) return choice;
    }
  };
}
