const seed = 0x9747b28c;
const m = 0x5bd1e995;

/**
 * The partition every Kafka client chooses for this key: murmur2 over its UTF-8 bytes. The one that kafkajs ships works on
 * BigInt and costs ten times as much on a path that every message takes.
 */
export function partitionOf(key: string, partitions: number): number {
  return (murmur2(Buffer.from(key)) & 0x7fffffff) % partitions;
}

/** Austin Appleby's MurmurHash2 as Kafka uses it (org.apache.kafka.common.utils.Utils#murmur2); a signed 32-bit integer. */
export function murmur2(bytes: Buffer): number {
  let hash = seed ^ bytes.length;
  const blocks = bytes.length >> 2;
  for (let block = 0; block < blocks; block += 1) {
    let k = bytes.readInt32LE(block * 4);
    k = Math.imul(k, m);
    k ^= k >>> 24;
    hash = Math.imul(hash, m) ^ Math.imul(k, m);
  }
  const tail = blocks * 4;
  const rest = bytes.length - tail;
  if (rest > 2) hash ^= bytes.readUInt8(tail + 2) << 16;
  if (rest > 1) hash ^= bytes.readUInt8(tail + 1) << 8;
  if (rest > 0) hash = Math.imul(hash ^ bytes.readUInt8(tail), m);
  hash ^= hash >>> 13;
  hash = Math.imul(hash, m);
  return hash ^ (hash >>> 15);
}
