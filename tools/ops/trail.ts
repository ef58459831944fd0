import { Logger } from '@nestjs/common';
import { deadLetterTopicOf, topics } from '#contracts';
import { scanTopics } from '#messaging';
import { readAuditArguments } from '../audit/arguments.js';
import { CannotDo, reasonOf, SaidNo } from './outcomes.js';
import { table } from './table.js';
import { askDatabase, type Known } from './trail/database.js';
import { nameIn } from './trail/marks.js';
import { inOrder, outcomesOf, type Step, stepOf } from './trail/step.js';
import { Thread } from './trail/thread.js';
import { defineVerb } from './verb.js';

const help = `ops trail <id> [--since 1h] [--for 10m]

Everything about one purchase or command, in time order: the messages in Kafka, and what the services' tables know.
<id> is an X-Request-Id that the gateway drew, a traceId or traceparent, or the id of a message, a reservation, a
payment, a top-up, a place (tokenId), a dead letter, or a user. What a message leads to is followed.

  --since  where to begin, as in 30m, 2h, 3d before now; by itself at the oldest id that tells its time, else 1h
  --for    how long from there; by itself to now

  KAFKA_BROKERS       default 127.0.0.1:9095
  KAFKA_PREFIX        before every topic's name, default none
  AUDIT_DATABASE_URL  default: the database of npm start, by the role auditor; without an answer the messages alone

The column "by" is the line that caused this one. Exit code 1: nothing is known of it.`;

const limits = { records: 2_000, names: 2_000 };
/** A purchase is found in two readings from its request's id; more are for what was repaired by hand. */
const mostReadings = 6;

/** Characters of a reading in a table; `--json` has it whole. */
const longestReading = 60;

const allTopics = Object.values(topics).flatMap(({ name, groups }) => [name, ...groups.map(deadLetterTopicOf)]);

interface Trail {
  readonly id: string;
  /** RFC 3339: what was appended before it was not read. */
  readonly since: string;
  readonly read: number;
  /** More belongs to it than is shown. */
  readonly cut: boolean;
  /** Whether the services' tables were asked. */
  readonly database: boolean;
  readonly steps: readonly Step[];
}

export const verb = defineVerb({
  summary: 'everything about one purchase or command: messages, outcomes, timeline',
  help,
  options: { since: { type: 'string' }, for: { type: 'string' } },
  async run({ words, options, terminal, environment, show }) {
    const [given, ...more] = words;
    if (!given?.trim() || more.length > 0) throw new CannotDo('usage: ops trail <id> [--since 1h] [--for 10m]');
    // What the Kafka client tells of its tries is not the answer.
    Logger.overrideLogger(false);
    const thread = new Thread(nameIn(given), limits);
    const window = { since: milliseconds('since', options.since), length: milliseconds('for', options.for) };
    const { since, read } = await readTopics(thread, window, environment);
    const known = await askTables(thread.ids, environment).catch((error: unknown) => {
      terminal.note(`the messages alone: the database cannot be asked: ${reasonOf(error)}`);
      return null;
    });
    const messages = thread.records.map((record) =>
      known ? outcomesOf(stepOf(record), known.outcomes) : stepOf(record),
    );
    const steps = inOrder([...messages, ...(known?.steps ?? [])]);
    const trail = {
      id: nameIn(given),
      since: new Date(since).toISOString(),
      read,
      cut: thread.cut,
      database: !!known,
      steps,
    };
    if (steps.length === 0)
      throw new SaidNo(`nothing is known of ${trail.id} since ${trail.since} (${read} records read)`);
    show(trail, (found) => textOf(found, terminal.width));
    return 0;
  },
});

/** Reads the topics again, each time from the oldest id known, until a reading finds nothing new. */
async function readTopics(
  thread: Thread,
  window: { readonly since: number | null; readonly length: number | null },
  environment: NodeJS.ProcessEnv,
): Promise<{ since: number; read: number }> {
  const brokers = (environment.KAFKA_BROKERS || '127.0.0.1:9095').split(',').map((broker) => broker.trim());
  const now = Date.now();
  const startOf = () => {
    const begun = window.since === null ? (thread.since ?? now - 60 * 60_000) : now - window.since;
    // Kafka knows no time before 1970.
    return Math.max(0, Math.min(now, begun));
  };
  let since = now;
  let read = 0;
  let before = 0;
  for (let reading = 0; reading < mostReadings && (thread.size > before || startOf() < since); reading += 1) {
    before = thread.size;
    since = startOf();
    const until = window.length === null ? {} : { until: since + window.length };
    const scan = { brokers, prefix: environment.KAFKA_PREFIX ?? '', topics: allTopics, from: since, ...until };
    try {
      read = await scanTopics(scan, (record) => thread.take(record));
    } catch (error) {
      throw new CannotDo(`Kafka at ${brokers.join(',')} cannot be read: ${reasonOf(error)}`);
    }
  }
  return { since, read };
}

/** As the auditor, who reads every schema. */
async function askTables(ids: readonly string[], environment: NodeJS.ProcessEnv): Promise<Known> {
  return askDatabase(readAuditArguments([], environment).databaseUrl, ids);
}

function textOf({ id, since, read, cut, steps }: Trail, width: number | undefined): string {
  const lineOf = new Map(steps.map((step, index) => [step.id, index + 1]));
  const rows = steps.map((step, index) => [
    index + 1,
    step.at.slice(11, 23),
    (step.causedBy !== null && lineOf.get(step.causedBy)) || null,
    step.type,
    `${step.from} → ${step.to}`,
    step.outcomes?.map(({ service, outcome }) => (service === step.to ? outcome : `${service}: ${outcome}`)).join(', '),
    step.what.length > longestReading ? `${step.what.slice(0, longestReading - 1)}…` : step.what,
    step.where,
    step.id,
  ]);
  const heads = ['#', 'time', 'by', 'type', 'from → to', 'outcome', 'what', 'where', 'id'];
  const title = `${id}: ${steps.length} lines of ${read} records since ${since}${cut ? ', and more that is left out' : ''}`;
  return `${title}\n\n${table(heads, rows, width)}`;
}

const units: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

function milliseconds(name: string, text: string | undefined): number | null {
  if (text === undefined) return null;
  const [, count, unit] = /^(\d{1,5})([smhd])$/.exec(text) ?? [];
  if (!count || !unit) throw new CannotDo(`--${name} must be a number with s, m, h or d, as in 30m`);
  return Number(count) * units[unit]!;
}
