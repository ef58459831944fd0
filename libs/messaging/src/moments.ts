import { channel } from 'node:diagnostics_channel';
import type { Transaction } from './postgres/transaction.js';

/**
 * Named moments on a message's way, in the order in which they come, announced on `node:diagnostics_channel` for tracing
 * and for whoever wants to see what happens when a process ends just there. Nobody listens in production: an
 * announcement then costs one look at a flag.
 */
export const moments = [
  /** A gateway's commands are about to be sent, and are taken by the broker. */
  'command.sending',
  'command.sent',
  /** A process has become its partition's owner. */
  'lane.taken',
  /** Inside the batch's transaction: the lane is locked; the rows are read; decided; saved; everything is written. */
  'batch.begun',
  'batch.loaded',
  'batch.decided',
  'batch.saved',
  'batch.written',
  /** Inside the transaction too: a saga has moved; a message is about to be parked. */
  'saga.moved',
  'message.parking',
  /** The transaction is committed, nothing of it is published. */
  'batch.committed',
  /** The broker has confirmed outbox rows; answers among them; and they are deleted. */
  'outbox.sent',
  'reply.sent',
  'outbox.deleted',
  /** The group's offsets say that the batch is behind. */
  'offset.committed',
  /** A timer's row is locked and due; what it found is committed, and not published. */
  'timer.claimed',
  'timer.committed',
  /** A gateway has the reply to one of its commands. */
  'reply.received',
] as const;
export type Moment = (typeof moments)[number];

/** What a listener learns. Objects are the process's own, not copies. */
export interface MomentDetails {
  /** The lane, topic, or timer that it is about. */
  readonly lane?: string;
  /** How many messages, rows or records. */
  readonly count?: number;
  /** What a saga moved to: `payment.DEBITING`. */
  readonly state?: string;
  /** The transaction that is open at this moment. */
  readonly transaction?: Transaction;
}

/** The diagnostics channel of a moment. */
export const channelOf = (moment: Moment): string => `concert-reservation.${moment}`;

const channels = Object.fromEntries(moments.map((moment) => [moment, channel(channelOf(moment))])) as Readonly<
  Record<Moment, ReturnType<typeof channel>>
>;

export function announce(moment: Moment, details: MomentDetails = {}): void {
  if (channels[moment].hasSubscribers) channels[moment].publish(details);
}
