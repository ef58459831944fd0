import { Logger } from '@nestjs/common';
import { type MessageContract, type PayloadOf, reply, topics } from '#contracts';
import { Counter, Gauge, newId } from '#service';
import type { Producer } from 'kafkajs';
import { type Asked, CommandBus, type CommandOptions, Overloaded } from './command-bus.js';
import { encodeHeaders, type KafkaRecord, read } from '../messages/envelope.js';
import type { KafkaClient, Sendable } from '../kafka/kafka.js';
import { announce } from '../moments.js';
import { partitionOf } from '../kafka/partitioner.js';
import type { Reply } from '../messages/reply.js';

const inFlight = new Gauge({ name: 'command_bus_in_flight', help: 'Commands whose reply is waited for' });
const unmatched = new Counter({
  name: 'command_bus_unmatched_replies_total',
  help: "Replies nobody waits for any more, or another replica's",
});

export interface RequestReplyOptions {
  readonly source: string;
  readonly instanceId: string;
  readonly waitMs: number;
  readonly inFlightMax: number;
}

/** By correlation id alone: the answer may come from a service that the command was forwarded to, about its own message. */
type Waiting = (asked: Asked) => void;

interface Queued {
  readonly record: Sendable;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** Commands out in one send per turn of the event loop; replies in on this replica's partition, by correlation id. */
export class KafkaCommandBus extends CommandBus {
  private readonly logger = new Logger(KafkaCommandBus.name);
  private readonly waiting = new Map<string, Waiting>();
  private queue: Queued[] = [];
  /**
   * Enqueued, and neither confirmed nor failed. While the broker is silent the client keeps them far longer than anybody
   * waits for them, and what is refused at the end of its wait would make room for the next.
   */
  private unsent = 0;
  /** The partition of `gateway.replies` that this replica reads; sharing one with another replica only costs reading. */
  readonly partition: number;

  constructor(
    private readonly kafka: KafkaClient,
    private readonly producer: Producer,
    private readonly options: RequestReplyOptions,
  ) {
    super();
    this.partition = partitionOf(options.instanceId, topics.gatewayReplies.partitions);
  }

  override async ask<C extends MessageContract>(
    contract: C,
    payload: PayloadOf<C>,
    options: CommandOptions = {},
  ): Promise<Asked> {
    if (this.waiting.size >= this.options.inFlightMax) throw new Overloaded('too many commands are in flight');
    this.requireRoom();
    // Every try has a correlation id of its own: a repeat of the same command is another request.
    const id = options.id ?? newId();
    const correlationId = options.correlationId ?? newId();
    const replyTo = `${topics.gatewayReplies.name}/${this.partition}/${correlationId}`;
    let timeout: NodeJS.Timeout | undefined;
    const asked = new Promise<Asked>((resolve) => {
      this.waiting.set(correlationId, resolve);
      timeout = setTimeout(() => resolve({ kind: 'pending' }), this.options.waitMs);
    });
    inFlight.set(this.waiting.size);
    try {
      await this.withinWait(this.enqueue(contract, payload, { ...options, id, correlationId }, replyTo));
      return await asked;
    } finally {
      clearTimeout(timeout);
      this.waiting.delete(correlationId);
      inFlight.set(this.waiting.size);
    }
  }

  override async tell<C extends MessageContract>(
    contract: C,
    payload: PayloadOf<C>,
    options: CommandOptions = {},
  ): Promise<void> {
    this.requireRoom();
    const id = options.id ?? newId();
    await this.withinWait(
      this.enqueue(contract, payload, { ...options, id, correlationId: options.correlationId ?? id }, null),
    );
  }

  /** A record on this replica's reply partition. */
  onReply(record: KafkaRecord): void {
    const correlationId = record.headers['correlationid'] ?? '';
    const waiting = this.waiting.get(correlationId);
    if (!waiting) {
      unmatched.inc();
      return;
    }
    announce('reply.received', { count: 1 });
    const parsed = read(record, null);
    if (parsed.kind === 'message') waiting(asAsked(parsed.message as Reply));
    else this.logger.error(`the reply to ${correlationId} is not one`);
  }

  private enqueue<C extends MessageContract>(
    contract: C,
    payload: PayloadOf<C>,
    options: CommandOptions & { id: string; correlationId: string },
    replyTo: string | null,
  ): Promise<void> {
    const key = contract.key(payload);
    const record: Sendable = {
      topic: contract.topic.name,
      partition: partitionOf(key, contract.topic.partitions),
      key,
      headers: encodeHeaders({
        id: options.id,
        type: contract.type,
        source: this.options.source,
        subject: contract.subject(payload),
        time: new Date().toISOString(),
        correlationId: options.correlationId,
        traceparent: options.traceparent ?? null,
        requestHash: options.requestHash ?? null,
        replyTo,
      }),
      payload: JSON.stringify(payload),
    };
    this.unsent += 1;
    return new Promise((resolve, reject) => {
      this.queue.push({ record, resolve, reject });
      if (this.queue.length === 1) setImmediate(() => void this.flush());
    });
  }

  private async flush(): Promise<void> {
    const batch = this.queue;
    this.queue = [];
    announce('command.sending', { count: batch.length });
    try {
      const confirmed = await this.kafka.send(
        this.producer,
        batch.map(({ record }) => record),
      );
      announce('command.sent', { count: batch.length });
      batch.forEach(({ resolve, reject }, index) =>
        confirmed[index] ? resolve() : reject(new Overloaded('the broker did not confirm the command')),
      );
    } catch (error) {
      for (const { reject } of batch) reject(new Overloaded(`the broker did not take the command: ${String(error)}`));
    } finally {
      this.unsent -= batch.length;
    }
  }

  private requireRoom(): void {
    if (this.unsent >= this.options.inFlightMax) throw new Overloaded('too many commands wait to be sent');
  }

  private withinWait(sent: Promise<void>): Promise<void> {
    return new Promise((resolve, reject) => {
      const late = () => reject(new Overloaded('the broker did not answer in time'));
      const timeout = setTimeout(late, this.options.waitMs);
      sent.then(resolve, reject).finally(() => clearTimeout(timeout));
    });
  }
}

function asAsked(message: Reply): Asked {
  switch (message.type) {
    case reply.answered.type:
      return { kind: 'answered', ...message.payload };
    case reply.rejected.type:
      return { kind: 'rejected', ...message.payload };
    case reply.parked.type:
      return { kind: 'parked', ...message.payload };
  }
}
