import { type MessageContract, type PayloadOf, queue } from '#contracts';
import type { KafkaRecord } from '../messages/envelope.js';

/** Messages of one contract as they come in on a topic that every gateway reads for itself. */
export class Feed<C extends MessageContract> {
  private readonly subscribers: ((payload: PayloadOf<C>) => void)[] = [];

  constructor(private readonly contract: C) {}

  subscribe(onPayload: (payload: PayloadOf<C>) => void): void {
    this.subscribers.push(onPayload);
  }

  /**
   * A record of the contract's topic. Types that a newer owner tells beside it are passed over.
   * @throws when the payload is not one
   */
  onRecord({ value, headers }: KafkaRecord): void {
    if (value === null || headers['ce_type'] !== this.contract.type) return;
    this.publish(this.contract.payload.parse(JSON.parse(value.toString())) as PayloadOf<C>);
  }

  publish(payload: PayloadOf<C>): void {
    for (const subscriber of this.subscribers) subscriber(payload);
  }
}

/** The waiting rooms' snapshots, from the topic's beginning on, old ones included. */
export class SnapshotFeed extends Feed<typeof queue.snapshot> {
  constructor() {
    super(queue.snapshot);
  }
}

/** The places that end, and those that ended in the last hour: a gateway that starts knows them too. */
export class EndingFeed extends Feed<typeof queue.placesEnded> {
  constructor() {
    super(queue.placesEnded);
  }
}
