import { topics, type Topic } from '#contracts';
import type { KafkaRecord } from '#messaging';
import { parsed } from './marks.js';
import { readingOf } from './reading.js';
import { placeOf } from './thread.js';

/** What a service's inbox says of a message. */
export interface Outcome {
  readonly service: string;
  /** `answered`, `forwarded`, `open`, `done`, `rejected <code>`, `parked <reason>`, or `not handled yet`. */
  readonly outcome: string;
}

/** One line of a trail: a record, or a row that says what became of one. */
export interface Step {
  /** RFC 3339: when the broker appended the record, or the service's database wrote the row. */
  readonly at: string;
  /** `topic/partition@offset`, or `schema.table`. */
  readonly where: string;
  /** The message's type, or what the row says happened. */
  readonly type: string;
  readonly from: string;
  /** Who obeys it, or is answered; services that read an event. */
  readonly to: string;
  readonly id: string | null;
  readonly causedBy: string | null;
  readonly what: string;
  /** What each service made of it, where the database knows. */
  readonly outcomes?: readonly Outcome[];
}

const topicsByName = new Map<string, Topic>(Object.values(topics).map((topic) => [topic.name, topic]));

export function stepOf(record: KafkaRecord): Step {
  const { headers, topic, appendedAt } = record;
  const parkedBecause = headers['reason'] && `parked (${headers['reason']}): ${headers['error'] ?? ''}`;
  return {
    at: new Date(appendedAt).toISOString(),
    where: placeOf(record),
    type: headers['ce_type'] ?? 'unknown',
    from: headers['ce_source'] ?? 'unknown',
    to: readersOf(topic).join(', ') || '-',
    id: headers['ce_id'] ?? null,
    causedBy: headers['causationid'] ?? null,
    what: parkedBecause || readingOf(parsed(record.value)),
  };
}

/** The services that read a topic; of a dead letter topic, nobody does. */
export function readersOf(name: string): string[] {
  const topic = topicsByName.get(name);
  if (!topic) return [];
  if (topic.groups.length === 0) return topic.owner === 'gateway' || topic.kind === 'snapshots' ? ['gateway'] : [];
  return topic.groups.map((group) => group.slice(topic.name.length + 1));
}

/** The step with what the inboxes say of it. What a command's or a reply's reader has not claimed is not handled yet. */
export function outcomesOf(step: Step, outcomes: ReadonlyMap<string, readonly Outcome[]>): Step {
  const topic = topicsByName.get(step.where.replace(/\/.*/, ''));
  const known = outcomes.get(step.id ?? '') ?? [];
  // Of an event's readers, some listen to other types.
  const readers = topic?.kind === 'commands' || topic?.kind === 'replies' ? readersOf(topic.name) : [];
  const waiting = readers.filter((reader) => reader !== 'gateway' && !known.some(({ service }) => service === reader));
  const all = [...known, ...waiting.map((service) => ({ service, outcome: 'not handled yet' }))];
  return all.length > 0 ? { ...step, outcomes: all } : step;
}

/**
 * The steps in the order in which they came: by time, and none before what caused it, whatever the clocks say.
 */
export function inOrder(steps: readonly Step[]): Step[] {
  const byId = new Map(steps.filter(({ where }) => where.includes('@')).map((step) => [step.id, step]));
  const placed = new Map<Step, { readonly time: number; readonly depth: number }>();
  const place = (step: Step, below: ReadonlySet<Step>): { time: number; depth: number } => {
    const known = placed.get(step);
    if (known) return known;
    const time = Date.parse(step.at);
    const cause = step.causedBy === null ? undefined : byId.get(step.causedBy);
    // A message that names itself, or a circle, is nobody's effect.
    const after = cause && cause !== step && !below.has(cause) ? place(cause, new Set(below).add(step)) : undefined;
    const here = after ? { time: Math.max(time, after.time), depth: after.depth + 1 } : { time, depth: 0 };
    placed.set(step, here);
    return here;
  };
  for (const step of steps) place(step, new Set());
  return [...steps].sort((one, other) => {
    const [a, b] = [placed.get(one)!, placed.get(other)!];
    return a.time - b.time || a.depth - b.depth || one.where.localeCompare(other.where, 'en', { numeric: true });
  });
}
