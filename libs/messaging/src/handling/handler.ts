import type { MessageContract, Topic } from '#contracts';
import { Controller } from '@nestjs/common';
import { EventPattern } from '@nestjs/microservices';
import type { ParkReason } from '../postgres/dead-letter.store.js';
import type { Context, Decision, Outgoing } from '../messages/message.js';
import type { Transaction } from '../postgres/transaction.js';

/**
 * How a service handles a topic: load every row that the new messages of a batch touch, fold the messages over that state
 * one by one in plain TypeScript, save what changed. All of it is one transaction with the inbox and the outbox.
 *
 * `decide` changes the state it is given. A "no" is a rejected outcome; whatever it throws is a fault, which rolls the
 * batch back and leads to the message being parked.
 */
export interface Handler<State, Incoming> {
  /** Locks and reads, one statement per table, rows in key order, tables in the order the service's README names. */
  load(messages: readonly Incoming[], tx: Transaction): Promise<State>;
  decide(state: State, message: Incoming, context: Context): Decision;
  /**
   * Set-based statements, at most a few per table.
   * @returns messages that only the saved rows can make, if any; they follow those of the decisions
   */
  save(state: State, tx: Transaction): Promise<readonly Outgoing[] | void>;
  /**
   * Notes that messages are being parked, in the transaction that parks them and before the rest of the batch is loaded:
   * for whoever would else wait for their effect. Set-based SQL that asks nothing of what could not be decided. What it
   * throws is logged and undone, and the messages are parked all the same.
   */
  onParked?(parked: readonly ParkedMessage<Incoming>[], tx: Transaction): Promise<void>;
}

/** A message that is being parked, as far as it could be read. */
export interface ParkedMessage<Incoming> {
  /** Null when it fits no contract. */
  readonly message: Incoming | null;
  /** Of the message, or drawn where it has none. */
  readonly id: string;
  readonly type: string;
  /** As its headers say it, whatever they say. */
  readonly subject: string;
  readonly reason: ParkReason;
  readonly error: string;
}

/** Nest's handle for our transport, so that a hybrid application may have others beside it. */
export const batchTransport = Symbol('kafka-batches');

export interface Subscription {
  readonly topic: Topic;
  /** The messages of the topic that the handler takes; the others are passed over. Absent on a reply topic: it takes replies. */
  readonly accepts?: readonly MessageContract[];
  /**
   * Whether later messages of a parked message's subject are parked behind it, in order. Off only where barriers make
   * overtaking safe.
   */
  readonly parkBehind?: boolean;
}

/** Nest calls this with the transport as data; it hands the handler object over to the fold. */
type HandOver = (handler: Handler<unknown, unknown>, subscription: Subscription) => unknown;

/** Registers a class as the one handler of a topic in its service. */
export function BatchHandler(subscription: Subscription): ClassDecorator {
  return (target) => {
    const prototype = target.prototype as Handler<unknown, unknown> & { handle?: (handOver: HandOver) => unknown };
    prototype.handle = function handle(handOver: HandOver) {
      return handOver(this, subscription);
    };
    const descriptor = Object.getOwnPropertyDescriptor(prototype, 'handle')!;
    EventPattern<string>(subscription.topic.name, batchTransport)(prototype, 'handle', descriptor);
    Controller()(target);
  };
}
