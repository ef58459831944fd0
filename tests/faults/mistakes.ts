import { eventually, type System, tickMs } from '#testing';
import { audit, type Violation } from '../../tools/audit/audit.js';

/** What is wrong with the rows of the system now, whatever is under way; empty is right. */
export async function mistakesIn(
  { databaseUrl }: Pick<System, 'databaseUrl'>,
  { atRest = false } = {},
): Promise<Violation[]> {
  const { checks } = await audit(databaseUrl('auditor'), { atRest, rooms: { tickMs } });
  return checks.flatMap(({ listed }) => listed);
}

/**
 * Waits until nothing is under way, and nothing is wrong.
 * @throws with what is still wrong when it does not come to that
 */
export async function settles(system: Pick<System, 'databaseUrl'>, within = 30_000): Promise<void> {
  await eventually(
    async () => {
      const mistakes = await mistakesIn(system, { atRest: true });
      if (mistakes.length > 0) throw new Error(mistakes.map(({ what, which }) => `${what}: ${which}`).join('\n'));
      return true;
    },
    { within, every: 250 },
  );
}
