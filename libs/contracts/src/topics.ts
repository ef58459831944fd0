/**
 * Every topic, once. Partition counts never grow in place (a key would move to another partition and lose its order):
 * a bigger topic is a new topic.
 */
export interface Topic {
  readonly name: string;
  readonly partitions: number;
  /** Who writes it, or for commands who obeys it. */
  readonly owner: 'queue' | 'concert' | 'reservation' | 'wallet' | 'gateway';
  /** `events` may carry types a reader has never heard of; on every other topic an unknown type is a fault. */
  readonly kind: 'commands' | 'events' | 'replies' | 'snapshots';
  /** The consumer groups that read it. A gateway's readers have a group per replica and are not named here. */
  readonly groups: readonly string[];
  readonly retentionMs: number;
}

const day = 24 * 60 * 60 * 1000;

export const topics = {
  queueCommands: {
    name: 'queue.commands',
    partitions: 4,
    owner: 'queue',
    kind: 'commands',
    groups: ['queue.commands.queue'],
    retentionMs: 3 * day,
  },
  queueSnapshots: {
    name: 'queue.snapshots',
    partitions: 4,
    owner: 'queue',
    kind: 'snapshots',
    groups: [],
    retentionMs: 3 * day,
  },
  queueEvents: {
    name: 'queue.events',
    partitions: 4,
    owner: 'queue',
    kind: 'events',
    groups: [],
    retentionMs: 3 * day,
  },
  concertCommands: {
    name: 'concert.commands',
    partitions: 4,
    owner: 'concert',
    kind: 'commands',
    groups: ['concert.commands.concert'],
    retentionMs: 3 * day,
  },
  concertEvents: {
    name: 'concert.events',
    partitions: 4,
    owner: 'concert',
    kind: 'events',
    groups: ['concert.events.queue', 'concert.events.reservation'],
    retentionMs: 3 * day,
  },
  reservationCommands: {
    name: 'reservation.commands',
    partitions: 4,
    owner: 'reservation',
    kind: 'commands',
    groups: ['reservation.commands.reservation'],
    retentionMs: 3 * day,
  },
  reservationEvents: {
    name: 'reservation.events',
    partitions: 4,
    owner: 'reservation',
    kind: 'events',
    groups: [],
    retentionMs: 3 * day,
  },
  paymentSagaReplies: {
    name: 'payment-saga.replies',
    partitions: 4,
    owner: 'reservation',
    kind: 'replies',
    groups: ['payment-saga.replies.reservation'],
    retentionMs: 3 * day,
  },
  walletCommands: {
    name: 'wallet.commands',
    partitions: 4,
    owner: 'wallet',
    kind: 'commands',
    groups: ['wallet.commands.wallet'],
    retentionMs: 3 * day,
  },
  gatewayReplies: {
    name: 'gateway.replies',
    partitions: 16,
    owner: 'gateway',
    kind: 'replies',
    groups: [],
    retentionMs: day / 24,
  },
} as const satisfies Record<string, Topic>;

/** The group that `service` reads `topic` with: one consumer and one group per (service, topic). */
export function groupOf(topic: Topic, service: string): string {
  return `${topic.name}.${service}`;
}

/** Where a group parks what it cannot handle, for people and tools outside the database. */
export function deadLetterTopicOf(group: string): string {
  return `${group}.dlt`;
}
