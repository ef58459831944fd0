import { Injectable, Logger } from '@nestjs/common';
import { type CustomTransportStrategy, Server } from '@nestjs/microservices';
import { groupOf, replayDeadLetter, type Topic } from '#contracts';
import { Health } from '#service';
import { lastValueFrom } from 'rxjs';
import type { Consumer } from './fold.js';
import { batchTransport, type Handler, type Subscription } from './handler.js';
import { MessagingRuntime } from '../messaging.runtime.js';
import { Batches } from './batches.js';
import { PartitionLane } from './partition-lane.js';
import { TopicConsumer } from '../kafka/topic-consumer.js';

interface Registered {
  readonly handler: Handler<unknown, unknown>;
  readonly subscription: Subscription;
}

/**
 * Nest's transport for partition batches: each `@BatchHandler` class of the application becomes the consumer of its
 * topic. Nest's own Kafka server hands over one message at a time, which costs a transaction each.
 */
@Injectable()
export class BatchTransport extends Server implements CustomTransportStrategy {
  override readonly transportId = batchTransport;
  override propagatesEventHandlerErrors = true;
  protected override readonly logger = new Logger(BatchTransport.name);
  private readonly consumers: TopicConsumer[] = [];
  /** What the lanes know each other's consumers by. */
  private readonly named = new Map<string, Consumer>();

  constructor(
    private readonly runtime: MessagingRuntime,
    private readonly health: Health,
  ) {
    super();
  }

  listen(callback: (error?: unknown) => void): void {
    this.start().then(() => callback(), callback);
  }

  async close(): Promise<void> {
    await Promise.all(this.consumers.map((consumer) => consumer.stop()));
    await this.runtime.stop();
  }

  on(): never {
    throw new Error('the batch transport has no events of its own');
  }

  unwrap(): never {
    throw new Error('the batch transport hides its client: it lives behind libs/messaging');
  }

  private async start(): Promise<void> {
    await this.runtime.start();
    for (const pattern of this.getHandlers().keys()) this.consumers.push(await this.consumerOf(pattern));
    await Promise.all(this.consumers.map((consumer) => consumer.start()));
  }

  private async consumerOf(pattern: string): Promise<TopicConsumer> {
    const { handler, subscription } = await this.through<Registered>(pattern, (handler, subscription) => ({
      handler,
      subscription,
    }));
    const { service, dataSource, publisher, kafka, timers } = this.runtime;
    const group = groupOf(subscription.topic, service);
    const accepted = acceptedBy(subscription);
    const consumer = { name: group, service, handler, parkBehind: subscription.parkBehind ?? true, accepted };
    this.named.set(group, consumer);
    const batches = new Batches(consumer, dataSource, publisher, (at) => timers.lookAt(at), this.named);
    const topicConsumer = new TopicConsumer({
      kafka,
      topic: subscription.topic,
      group,
      accepted,
      laneOf: (name) => new PartitionLane(name, batches),
      dispatch: (work) => this.dispatch(pattern, work),
    });
    this.health.register(`consumer ${group}`, () => topicConsumer.condition());
    return topicConsumer;
  }

  /** Nest would replace what a handler throws by its own error, and a lost connection would look like a bug. */
  private async dispatch(pattern: string, work: () => Promise<void>): Promise<void> {
    const failure = await this.through(pattern, () =>
      work().then(
        () => null,
        (error: unknown) => ({ error }),
      ),
    );
    if (failure) throw failure.error;
  }

  private async through<Result>(
    pattern: string,
    handOver: (handler: Handler<unknown, unknown>, subscription: Subscription) => Result | Promise<Result>,
  ): Promise<Result> {
    const entry = this.getHandlerByPattern(pattern);
    if (!entry) throw new Error(`no handler of ${pattern}`);
    return (await lastValueFrom(this.transformToObservable(await entry(handOver)))) as Result;
  }
}

/** What the handler takes and, where commands come, what an operator may ask of every service. */
function acceptedBy({ topic, accepts }: Subscription): ReadonlySet<string> | null {
  if (!accepts) return null;
  return new Set([...accepts, ...replaysAskedOn(topic)].map((contract) => contract.type));
}

function replaysAskedOn(topic: Topic) {
  return Object.values(replayDeadLetter).filter((contract) => contract.topic.name === topic.name);
}
