import { Logger } from '@nestjs/common';
import { type MessageContract, type PayloadOf, reply, topics } from '#contracts';
import { Counter, Gauge } from '#service';
import type { Producer } from 'kafkajs';
import { v7 as uuidv7 } from 'uuid';
import { type Asked, CommandBus, type CommandOptions, Overloaded } from './command-bus.js';
import { encodeHeaders, type KafkaRecord, read } from './envelope.js';
import type { KafkaClient, Sendable } from './kafka.js';
import { partitionOf } from './partitioner.js';
import type { Reply } from './reply.js';

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
    // Every try has a correlation id of its own: a repeat of the same command is another request.
    const id = options.id ?? uuidv7();
    const correlationId = options.correlationId ?? uuidv7();
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
    if (this.queue.length >= this.options.inFlightMax) throw new Overloaded('too many commands wait to be sent');
    const id = options.id ?? uuidv7();
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
    return new Promise((resolve, reject) => {
      this.queue.push({ record, resolve, reject });
      if (this.queue.length === 1) setImmediate(() => void this.flush());
    });
  }

  private async flush(): Promise<void> {
    const batch = this.queue;
    this.queue = [];
    try {
      const confirmed = await this.kafka.send(
        this.producer,
        batch.map(({ record }) => record),
      );
      batch.forEach(({ resolve, reject }, index) =>
        confirmed[index] ? resolve() : reject(new Overloaded('the broker did not confirm the command')),
      );
    } catch (error) {
      for (const { reject } of batch) reject(new Overloaded(`the broker did not take the command: ${String(error)}`));
    }
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
