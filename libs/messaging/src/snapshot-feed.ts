import { queue } from '#contracts';
import type { KafkaRecord } from './envelope.js';

/** The waiting rooms' snapshots as they come in, all of them from the topic's beginning on, old ones included. */
export class SnapshotFeed {
  private readonly subscribers: ((snapshot: queue.QueueSnapshot) => void)[] = [];

  subscribe(onSnapshot: (snapshot: queue.QueueSnapshot) => void): void {
    this.subscribers.push(onSnapshot);
  }

  /** A record of the snapshot topic; anything else than a snapshot throws. */
  onRecord(record: KafkaRecord): void {
    if (record.value === null) return;
    const snapshot = queue.snapshot.payload.parse(JSON.parse(record.value.toString()));
    for (const subscriber of this.subscribers) subscriber(snapshot);
  }
}
