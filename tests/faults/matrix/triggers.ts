import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { topics } from '#contracts';
import { eventually, type Role, rowsOf, type ServiceProcess, type System } from '#testing';
import { Kafka, logLevel } from 'kafkajs';
import { holdLanes } from '../held-lanes.js';
import { MARK } from './duplicator.js';
import { DEADLINE_SECONDS, type Injury } from './rounds.js';

/** What stands still past the deadline is turned back by the saga: whatever was paid for in the first seconds of this. */
const STALL_MS = (DEADLINE_SECONDS + 2.5) * 1_000;
/** Between two stalls, when nobody was paying in the first, and between two helpings of junk. */
const BREATH_MS = 2_000;

/**
 * What must happen for a moment to come that a load of purchases alone does not bring.
 * @returns undoes it, once the injury was done
 */
export async function provoke(
  system: System,
  { process, moment, state }: Injury,
  hasCome: () => boolean,
): Promise<() => Promise<void>> {
  if (moment === 'lane.taken') {
    return bereave(system.processes[process], hasCome);
  } else if (moment === 'message.parking') {
    return poison(system, process as Role, hasCome);
  } else if (state === 'payment.REVOKING') {
    return stall(system, 'concert', hasCome);
  } else if (state === 'payment.REFUNDING' || state === 'payment.COMPENSATED') {
    return stall(system, 'wallet', hasCome);
  }
  return () => Promise.resolve();
}

/** A replica's death hands its partitions over to the others; again, until the moment has come. */
function bereave([first]: readonly ServiceProcess[], hasCome: () => boolean): () => Promise<void> {
  const deaths = (async () => {
    while (!hasCome()) {
      await first!.kill();
      await eventually(() => hasCome() || first!.ready().then(() => true), { within: 60_000 });
    }
  })();
  return () => deaths;
}

/** Payments wait in front of a service until their deadline is over, and then it goes on; again, until the moment has come. */
function stall(system: System, service: 'concert' | 'wallet', hasCome: () => boolean): () => Promise<void> {
  const { partitions, name } = service === 'concert' ? topics.concertCommands : topics.walletCommands;
  const lanes = Array.from({ length: partitions }, (_, partition) => ({ service, lane: `${name}/${partition}` }));
  const stalls = (async () => {
    while (!hasCome()) {
      // While the database is away nothing moves anyway.
      const held = await holdLanes(system, lanes).catch(() => null);
      await pause(STALL_MS);
      await held?.release();
      await pause(BREATH_MS);
    }
  })();
  return () => stalls;
}

/**
 * Junk in every partition of the service's commands until the moment has come; it is gone from the dead letters in the
 * end, so that they must be empty.
 */
function poison(system: System, service: Role, hasCome: () => boolean): () => Promise<void> {
  const topic = Object.values(topics).find(({ name }) => name === `${service}.commands`)!;
  const producer = new Kafka({ brokers: [...system.kafka.brokers], logLevel: logLevel.NOTHING }).producer();
  const key = `junk-${randomUUID()}`;
  // Marked, so that it comes once.
  const junk = { key, value: 'junk', headers: { [MARK]: '1' } };
  const messages = Array.from({ length: topic.partitions }, (_, partition) => ({ ...junk, partition }));
  const sending = (async () => {
    let sent = 0;
    await producer.connect();
    while (!hasCome()) {
      await producer.send({ topic: `${system.kafka.prefix}${topic.name}`, messages });
      sent += messages.length;
      await pause(BREATH_MS);
    }
    await producer.disconnect();
    return sent;
  })();
  return async () => {
    const sent = await sending;
    // Each once, though the process that parked it died of it.
    await eventually(async () => (await junkLetters(system, service, key)) === sent, { within: 60_000 });
    await rowsOf(system.adminDatabaseUrl, `delete from ${service}.dead_letter where key = $1`, [key]);
  };
}

async function junkLetters(system: System, service: Role, key: string): Promise<number> {
  const sql = `select count(*)::int as letters from ${service}.dead_letter where key = $1`;
  return (await rowsOf<{ letters: number }>(system.adminDatabaseUrl, sql, [key]))[0]!.letters;
}
