import { topics } from '#contracts';
import pg from 'pg';
import { type Outcome, readersOf, type Step } from './step.js';

export interface Known {
  /** By message id. */
  readonly outcomes: ReadonlyMap<string, readonly Outcome[]>;
  /** Rows that stand for themselves: a payment's timeline, dead letters, what waits to be published. */
  readonly steps: readonly Step[];
}

const services = [...new Set(Object.values(topics).map(({ owner }) => owner))].filter((owner) => owner !== 'gateway');
const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/**
 * What the services' tables know of these ids, one statement a table; reads only.
 * @param url of a role that may read every schema
 */
export async function askDatabase(url: string, names: readonly string[]): Promise<Known> {
  const client = new pg.Client({
    connectionString: url,
    application_name: 'trail',
    connectionTimeoutMillis: 5_000,
    statement_timeout: 15_000,
    options: '-c default_transaction_read_only=on',
  });
  // A connection that breaks fails the statement that uses it; without a listener it would end the process.
  client.on('error', () => {});
  await client.connect();
  try {
    const ids = names.filter((name) => uuid.test(name));
    const outcomes = await client.query<{ id: string } & Outcome>(inboxes, [ids]);
    const steps = [];
    for (const statement of [timeline, deadLetters, outboxes]) {
      steps.push(...(await client.query<Row>(statement, [ids])).rows.map(stepOfRow));
    }
    const byId = new Map<string, Outcome[]>();
    for (const { id, ...outcome } of outcomes.rows) byId.set(id, [...(byId.get(id) ?? []), outcome]);
    return { outcomes: byId, steps };
  } finally {
    await client.end();
  }
}

interface Row extends Omit<Step, 'at' | 'to' | 'outcomes'> {
  readonly at: Date;
  /** Who reads this topic is who it goes to. */
  readonly topic: string | null;
}

function stepOfRow({ at, topic, ...row }: Row): Step {
  const { where, type, from, ...rest } = row;
  return { at: at.toISOString(), where, type, from, to: (topic && readersOf(topic).join(', ')) || '-', ...rest };
}

const ofEach = (statement: (service: string) => string) => services.map(statement).join('\nunion all\n');

const inboxes = ofEach(
  (service) =>
    `select message_id as id, '${service}' as service,
            coalesce(concat_ws(' ', outcome->>'kind', outcome->>'code', outcome->>'reason'), 'open') as outcome
     from ${service}.inbox where message_id = any($1)`,
);

const timeline = `
  select at, 'reservation.payment_timeline' as "where", event as type, 'reservation' as "from", null as topic,
         payment_id as id, message_id as "causedBy", 'the payment is ' || moved.state as what
  from reservation.payment_timeline as moved join reservation.payment using (payment_id)
  where payment_id = any($1) or reservation_id = any($1)`;

const deadLetters = ofEach(
  (service) =>
    `select parked_at as at, '${service}.dead_letter' as "where", coalesce(type, 'unknown') as type,
            '${service}' as "from", null as topic, id, message_id as "causedBy",
            'waits to be replayed (' || reason || '): ' || left(error, 200) as what
     from ${service}.dead_letter where replayed_at is null and (id = any($1) or message_id = any($1))`,
);

const outboxes = ofEach(
  (service) =>
    `select created_at as at, '${service}.outbox' as "where", type, '${service}' as "from", topic, id,
            (headers->>'causationid')::uuid as "causedBy", 'not published yet' as what
     from ${service}.outbox
     where id = any($1) or (headers->>'correlationid') = any($1::text[]) or aggregateid = any($1::text[])`,
);
