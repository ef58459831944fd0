import type { MessageContract, Topic } from '#contracts';
import { Controller } from '@nestjs/common';
import { EventPattern } from '@nestjs/microservices';
import type { Context, Decision, Outgoing } from './message.js';
import type { Transaction } from './transaction.js';

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
