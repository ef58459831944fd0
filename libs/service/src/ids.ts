import { randomFillSync } from 'node:crypto';
import { v7 } from 'uuid';

const pool = Buffer.alloc(4_096);
let drawn = pool.length;

/** Drawn in bulk: a system call for each id is a good part of what a small message or request costs. Good until the next draw. */
export function randomBytes(count: number): Buffer {
  if (drawn + count > pool.length) {
    randomFillSync(pool);
    drawn = 0;
  }
  return pool.subarray(drawn, (drawn += count));
}

let msecs = 0;
let seq = 0;

/** A UUIDv7 that sorts behind all that this process made before, within a millisecond too. */
export function newId(): string {
  const random = randomBytes(16);
  const now = Date.now();
  if (now > msecs) {
    msecs = now;
    // Half of the numbers are left for the ids of this millisecond.
    seq = random.readUInt32BE(12) >>> 1;
  } else seq += 1;
  return v7({ random, msecs, seq });
}
