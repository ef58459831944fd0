import { createRequire } from 'node:module';
import fc from 'fast-check';
import { expect, it } from '@jest/globals';
import { murmur2 } from './partitioner.js';

const require = createRequire(import.meta.url);
const kafkajsMurmur2 = require('kafkajs/src/producer/partitioners/default/murmur2.js') as (key: Buffer) => number;

it('hashes any key as kafkajs, and so every Kafka client, does', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
      expect(murmur2(Buffer.from(bytes))).toBe(Number(kafkajsMurmur2(Buffer.from(bytes))));
    }),
    { numRuns: 500 },
  );
});
