import { v7 as uuidv7 } from 'uuid';
import { built } from './servers.mjs';

/** Most records of one send. */
const CHUNK = 1_000;

/** Sends what other parts of the system would send to a service, as fast as the broker takes it. */
export async function commandsTo({ kafka: { brokers, prefix } }) {
  const { concert, queue } = await built('libs/contracts/src/index.js');
  const { encodeHeaders, partitionOf } = await built('libs/messaging/src/index.js');
  const { KafkaClient } = await built('libs/messaging/src/kafka/kafka.js');
  const client = new KafkaClient({ brokers, prefix, sessionMs: 6_000, clientId: 'bench' });
  const producer = client.producer(3);
  await producer.connect();

  /** @param replyTo an address on a reply topic; absent: nobody waits for an answer */
  const send = async (contract, payloads, replyTo = undefined) => {
    const time = new Date().toISOString();
    for (let first = 0; first < payloads.length; first += CHUNK) {
      const records = payloads.slice(first, first + CHUNK).map((payload) => {
        const [id, key] = [uuidv7(), contract.key(payload)];
        const subject = contract.subject(payload);
        const asker = replyTo && { replyTo: `${replyTo}/${id}` };
        const headers = encodeHeaders({
          ...{ id, type: contract.type, source: 'bench', subject, time, correlationId: id },
          ...asker,
        });
        const { name, partitions } = contract.topic;
        return { topic: name, partition: partitionOf(key, partitions), key, headers, payload: JSON.stringify(payload) };
      });
      const confirmed = await client.send(producer, records);
      if (!confirmed.every(Boolean)) throw new Error('the broker did not confirm all');
    }
  };

  return {
    send,
    open: (concertIds) =>
      send(
        concert.concertCreated,
        concertIds.map((concertId) => ({
          ...{ concertId, title: 'A bench', artist: null, venue: null, timeZone: 'UTC' },
          ...{ salesOpenAt: null, salesCloseAt: null },
        })),
      ),
    /** `places`: concert and user of each. */
    join: (places, replyTo) =>
      send(
        queue.joinQueue,
        places.map(([concertId, userId]) => ({ concertId, userId, tokenId: uuidv7() })),
        replyTo,
      ),
    close: () => producer.disconnect(),
  };
}
