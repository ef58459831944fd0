import { Socket } from 'node:net';
import { topics } from '#contracts';
import { eventually, infrastructure, type TestTopics, withTopics } from '#testing';
import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import { KafkaClient } from '../src/kafka/kafka.js';
import { Reader } from '../src/kafka/reader.js';

/** Key of the request by which a consumer asks who coordinates its group: https://kafka.apache.org/protocol#protocol_api_keys */
const FIND_COORDINATOR = 10;

let own: TestTopics;
let reader: Reader;

beforeAll(async () => {
  const { name, partitions } = topics.walletCommands;
  own = await withTopics([{ name, partitions }], infrastructure());
  reader = new Reader({
    kafka: new KafkaClient({ ...own, sessionMs: 2_500, clientId: 'test' }),
    topic: name,
    partitions: [0],
    from: 'now',
    onRecord: () => undefined,
  });
});

afterAll(async () => {
  jest.restoreAllMocks();
  await reader.stop();
  await own.drop();
});

it('a consumer whose connection ends while it asks for its coordinator asks again', async () => {
  let cuts = 0;
  const write = Socket.prototype.write as (this: Socket, ...given: unknown[]) => boolean;
  jest.spyOn(Socket.prototype, 'write').mockImplementation(function (this: Socket, ...given: unknown[]) {
    const [request] = given;
    if (cuts < 3 && Buffer.isBuffer(request) && request.length > 6 && request.readInt16BE(4) === FIND_COORDINATOR) {
      cuts += 1;
      this.destroy(new Error('cut by the test'));
      return false;
    }
    return write.apply(this, given);
  });
  await reader.start();
  await eventually(() => reader.condition().ready, { within: 30_000 });
  expect(cuts).toBe(3);
});
