import { topics, type Topic } from '#contracts';
import { Batches, isTransient, type KafkaRecord, PartitionLane, read, type Sendable } from '#messaging';
import type { Group, Services } from './services.js';

/** A message that was published and has not arrived. */
export interface InFlight extends Sendable {
  readonly id: string;
  readonly type: string;
}

const groupsOf = new Map<string, readonly string[]>(
  Object.values<Topic>(topics).map(({ name, groups }) => [name, groups]),
);

/**
 * Where Kafka is otherwise: it has the messages that were published, and each arrives when, and as often as, the test says.
 * What arrives goes to every group of its topic through the group's own lane, as from a broker.
 */
export class Network {
  /** In the order of their publishing. */
  readonly flying: InFlight[] = [];
  /** Replies to clients by their correlation ids, in the order of their publishing. */
  readonly toClients = new Map<string, InFlight[]>();
  /** On the topics of dead letters. */
  readonly deadLetters: InFlight[] = [];
  /** How often messages that carry a client's address were given to a service once more, by correlation id. */
  readonly repeats = new Map<string, number>();
  /** Set once they are started: they publish to this network. */
  services!: Services;
  private readonly given = new Set<string>();
  private readonly lanes = new Map<string, PartitionLane>();
  private readonly offsets = new Map<string, bigint>();
  /** Ids of messages whose handling is committed and dies before anything of it is published. */
  private readonly deaths = new Set<string>();
  private dying = false;

  /** What a service publishes; nothing of it when the service dies first. */
  take(rows: readonly Sendable[]): void {
    if (this.dying) throw new Died();
    for (const row of rows) this.put({ ...row, id: row.headers['ce_id']!, type: row.headers['ce_type']! });
  }

  put(message: InFlight): void {
    if (message.topic.endsWith('.dlt')) this.deadLetters.push(message);
    else if (message.topic === topics.gatewayReplies.name) this.tell(message);
    else if (groupsOf.get(message.topic)?.length) this.flying.push(message);
  }

  /** @returns whether it was there */
  takeAway(message: InFlight): boolean {
    const index = this.flying.indexOf(message);
    if (index >= 0) this.flying.splice(index, 1);
    return index >= 0;
  }

  /** Whoever handles the message dies when it has committed, once. */
  dieAfter({ id }: InFlight): void {
    this.deaths.add(id);
  }

  hasDiedAfter({ id }: InFlight): boolean {
    return !this.deaths.has(id);
  }

  /** Ids of messages that bugs, planted by a test, keep from being handled. */
  get bugs(): string[] {
    return [...this.services.groups.values()].flatMap(({ handler }) => [...handler.bugs]);
  }

  /** Who takes it. */
  groups(message: InFlight): Group[] {
    return (groupsOf.get(message.topic) ?? []).map((name) => this.services.groups.get(name)!);
  }

  /** Messages of one partition arrive together, whether or not they still fly; they do no longer. */
  async deliver(...messages: readonly [InFlight, ...InFlight[]]): Promise<void> {
    for (const message of messages) this.takeAway(message);
    const records = messages.map((message) => this.append(message));
    for (const group of this.groups(messages[0])) await this.handle(group, records);
  }

  private tell(message: InFlight): void {
    const correlationId = message.headers['correlationid']!;
    this.toClients.set(correlationId, [...(this.toClients.get(correlationId) ?? []), message]);
  }

  private append({ topic, partition, key, headers, payload }: InFlight): KafkaRecord {
    const place = `${topic}/${partition}`;
    const offset = (this.offsets.get(place) ?? -1n) + 1n;
    this.offsets.set(place, offset);
    return { topic, partition, offset, key, headers, value: Buffer.from(payload), appendedAt: Date.now() };
  }

  /** A fault that passes ends the process; the partition's next owner gets what was not done. */
  private async handle(group: Group, records: readonly KafkaRecord[]): Promise<void> {
    const { topic, partition } = records[0]!;
    const name = `${topic}/${partition}`;
    const reads = records.map((record) => read(record, group.accepted));
    for (let owner = 1; owner <= 3; owner += 1) {
      for (const { headers } of records) this.note(group, headers);
      this.dying = records.filter(({ headers }) => this.deaths.delete(headers['ce_id']!)).length > 0;
      try {
        return await this.laneOf(group, name).handle(reads);
      } catch (error) {
        if (!isTransient(error)) throw error;
        this.lanes.delete(`${group.name} ${name}`);
      } finally {
        this.dying = false;
      }
    }
    throw new Error(`${name} is not handled by ${group.name}`);
  }

  private note({ name }: Group, headers: KafkaRecord['headers']): void {
    const { ce_id: id, correlationid: correlationId = '', replyto = '' } = headers;
    const again = this.given.has(`${name} ${id}`) && replyto.startsWith(topics.gatewayReplies.name);
    this.given.add(`${name} ${id}`);
    if (again) this.repeats.set(correlationId, (this.repeats.get(correlationId) ?? 0) + 1);
  }

  private laneOf({ name: group, consumer, runtime }: Group, name: string): PartitionLane {
    const known = this.lanes.get(`${group} ${name}`);
    if (known) return known;
    const { dataSource, publisher } = runtime;
    const batches = new Batches(consumer, dataSource, publisher, undefined, this.services.consumers);
    const lane = new PartitionLane(name, batches);
    this.lanes.set(`${group} ${name}`, lane);
    return lane;
  }
}

/** The broker was not reached: the process is gone. The name is that of a client's fault, which passes. */
class Died extends Error {
  override readonly name = 'KafkaJSDied';
}
