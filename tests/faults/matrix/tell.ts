import { topics } from '#contracts';
import type { System } from '#testing';
import { Kafka, logLevel } from 'kafkajs';
import type { RoundReport } from './round.js';
import { formatInjury } from './rounds.js';

/** Standard output belongs to Jest. */
export const print = (line: string) => process.stderr.write(`${line}\n`);

/** One round, with all that it takes to do it again. */
export function say({ round, fired, payments, recoveryMs, operations, copies, violations }: RoundReport): void {
  const hurt = fired.map(({ injury, pid }) => `process ${pid}, ${formatInjury(injury)}`);
  print(`round: ${round}`);
  print(
    `  ${hurt.join('; ')}; next payment after ${(recoveryMs / 1000).toFixed(1)} s; ${payments} payments, ` +
      `${operations} operations${copies ? `, ${copies} messages sent twice` : ''}; ${violations.length} violations`,
  );
  for (const violation of violations) print(`  violation: ${violation}`);
}

/** The sum of a run. */
export async function tell(system: System, reports: readonly RoundReport[], restarts: number): Promise<void> {
  const [messages, repeats] = [await messagesIn(system), await repeatsIn(system)];
  const injuries = reports.flatMap(({ fired }) => fired).map(({ injury }) => injury.how);
  const times = reports.map(({ recoveryMs }) => recoveryMs).sort((one, other) => one - other);
  const sum = (count: (report: RoundReport) => number) => reports.reduce((total, report) => total + count(report), 0);
  const of = (how: string) => injuries.filter((each) => each === how).length;
  print(
    `fault rounds ${reports.length}; killed ${of('kill')}, ended by an exception ${of('throw')}, paused ${of('pause')}, ` +
      `transactions aborted ${of('abort')}; processes started again ${restarts}; messages ${messages}, ` +
      `${sum(({ copies }) => copies)} of them copies by the network, at least ${repeats} recognized as repeats; payments ${sum(({ payments }) => payments)}; ` +
      `operations checked ${sum(({ operations }) => operations)}; next payment after p50 ` +
      `${seconds(times, 0.5)}, worst ${seconds(times, 1)}; violations ${sum(({ violations }) => violations.length)}`,
  );
}

const seconds = (times: readonly number[], quantile: number): string =>
  `${((times[Math.ceil(times.length * quantile) - 1] ?? 0) / 1000).toFixed(1)} s`;

/** Records appended to the system's topics so far. */
async function messagesIn({ kafka }: System): Promise<number> {
  const admin = new Kafka({ brokers: [...kafka.brokers], logLevel: logLevel.NOTHING }).admin();
  await admin.connect();
  try {
    const offsets = await Promise.all(
      Object.values(topics).map(({ name }) => admin.fetchTopicOffsets(`${kafka.prefix}${name}`)),
    );
    return offsets.flat().reduce((total, { high }) => total + Number(high), 0);
  } finally {
    await admin.disconnect();
  }
}

/** Messages that services recognized as handled before. A process that died has taken its count with it. */
export async function repeatsIn({ processes }: System): Promise<number> {
  const { gateway: _, ...services } = processes;
  const texts = await Promise.all(
    Object.values(services)
      .flat()
      .map(async ({ url }) => (await fetch(`${url}/metrics`)).text()),
  );
  const counts = texts.flatMap((text) => [...text.matchAll(/^messaging_repeated_total\{[^}]*\} (\d+)/gm)]);
  return counts.reduce((sum, [, count]) => sum + Number(count), 0);
}
