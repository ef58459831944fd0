import { setTimeout as pause } from 'node:timers/promises';
import { topics } from '#contracts';
import { freshPrefix, type System } from '#testing';
import { type Consumer, type IHeaders, Kafka, logLevel, type Producer } from 'kafkajs';

/** Of so many records one is sent again. */
const ONE_IN = 3;
/** The copy comes at most this much later, ms: beside its original, or long after what followed it. */
const LATEST_MS = 1_500;
/** In the header of a copy: copies of copies would never end. */
export const MARK = 'copied';

/**
 * A network that delivers twice: copies records of every topic that a service listens to, with the same ids, into the
 * same partition again.
 */
export class Duplicator {
  copies = 0;
  private seen = 0;
  private going = true;
  private readonly consumer: Consumer;
  private readonly producer: Producer;
  private readonly underWay = new Set<Promise<unknown>>();

  constructor(private readonly kafka: System['kafka']) {
    const client = new Kafka({ brokers: [...kafka.brokers], logLevel: logLevel.NOTHING });
    this.consumer = client.consumer({ groupId: `${freshPrefix()}duplicator`, maxWaitTimeInMs: 100 });
    this.producer = client.producer();
  }

  async start(): Promise<void> {
    await Promise.all([this.consumer.connect(), this.producer.connect()]);
    const listened = Object.values(topics).filter(({ groups }) => groups.length > 0);
    await this.consumer.subscribe({ topics: listened.map(({ name }) => `${this.kafka.prefix}${name}`) });
    await this.consumer.run({
      eachMessage: ({ topic, partition, message: { key, value, headers = {} } }) => {
        if (!headers[MARK] && this.going && (this.seen += 1) % ONE_IN === 0) {
          const copy = this.copy(topic, partition, key, value, headers);
          this.underWay.add(copy);
          void copy.finally(() => this.underWay.delete(copy));
        }
        return Promise.resolve();
      },
    });
  }

  async stop(): Promise<void> {
    this.going = false;
    await Promise.all(this.underWay);
    await Promise.all([this.consumer.disconnect(), this.producer.disconnect()]);
  }

  private async copy(
    topic: string,
    partition: number,
    key: Buffer | null,
    value: Buffer | null,
    headers: IHeaders,
  ): Promise<void> {
    await pause((this.seen * 7919) % LATEST_MS);
    await this.producer.send({ topic, messages: [{ partition, key, value, headers: { ...headers, [MARK]: '1' } }] });
    this.copies += 1;
  }
}
