import { deflateRawSync, inflateRawSync } from 'node:zlib';
import type { NumberSet } from './snapshot.js';

/** The widest span of numbers one set may cover: 2 MiB of bitmap, before compression. */
const widestSpan = 16 * 1024 * 1024;

/** A decoded set. Iterates its numbers in ascending order. */
export interface DecodedNumberSet extends Iterable<number> {
  /** How many numbers are in it. */
  readonly size: number;
  has(number: number): boolean;
}

export class NumberSetTooWide extends Error {}

/**
 * Writes queue numbers as a bitmap that begins at the lowest of them: bit `n - from`, least significant bit of the first
 * byte first, raw-deflated, base64. Order and repeats do not matter. No numbers give `{ from: 1, bits: '' }`.
 * @throws NumberSetTooWide when lowest and highest are more than 16 Mi apart.
 */
export function encodeNumberSet(numbers: Iterable<number>): NumberSet {
  const list = [...numbers];
  if (list.length === 0) return { from: 1, bits: '' };
  let from = list[0]!;
  let to = from;
  for (const number of list) {
    if (number < from) from = number;
    if (number > to) to = number;
  }
  if (to - from >= widestSpan) throw new NumberSetTooWide(`a set from ${from} to ${to}`);
  const bitmap = new Uint8Array(((to - from) >> 3) + 1);
  for (const number of list) bitmap[(number - from) >> 3]! |= 1 << ((number - from) & 7);
  return { from, bits: deflateRawSync(bitmap).toString('base64') };
}

/** A snapshot asks the sets of its ticks twice, and inflating them is most of its cost. */
const inflated = new WeakMap<NumberSet, Uint8Array>();

/**
 * Reads a set back. Never inflates more than the widest span, whatever the sender wrote.
 * @throws when `bits` is no raw-deflated bitmap, or too large a one.
 */
export function decodeNumberSet(set: NumberSet): DecodedNumberSet {
  const { from } = set;
  const bitmap = inflated.get(set) ?? inflate(set.bits);
  inflated.set(set, bitmap);
  const has = (number: number): boolean => {
    const bit = number - from;
    return Number.isInteger(bit) && bit >= 0 && ((bitmap[Math.floor(bit / 8)] ?? 0) & (1 << (bit % 8))) !== 0;
  };
  return {
    has,
    get size() {
      let count = 0;
      for (let byte of bitmap) for (; byte !== 0; byte &= byte - 1) count += 1;
      return count;
    },
    *[Symbol.iterator]() {
      for (let index = 0; index < bitmap.length; index += 1) {
        for (let bit = 0, byte = bitmap[index]!; byte !== 0; bit += 1, byte >>= 1) {
          if (byte & 1) yield from + index * 8 + bit;
        }
      }
    },
  };
}

function inflate(bits: string): Uint8Array {
  if (bits === '') return new Uint8Array(0);
  return inflateRawSync(Buffer.from(bits, 'base64'), { maxOutputLength: widestSpan / 8 + 1 });
}
