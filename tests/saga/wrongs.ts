import { checksOf, type Violation } from '../../tools/audit/audit.js';
import type { SagaWorld } from './saga-world.js';
import { untruths } from './untruths.js';

/** What is wrong in the world's tables and with what its clients were told, and was not before. */
export async function wrongs(world: SagaWorld): Promise<Violation[]> {
  const found = [...(await violations(world)), ...(await untruths(world))];
  return found.filter((wrong) => {
    const name = JSON.stringify(wrong);
    const isNew = !world.reported.has(name);
    world.reported.add(name);
    return isNew;
  });
}

const checks = checksOf({ atRest: true });
const always = new Set(checksOf({}).map(({ name }) => name));

/** The audit's checks in one statement that is planned once: asked one by one they cost more than all else in a test. */
const everyCheck = checks
  .map(({ violations }, check) => `select ${check} as check, what, which from (${violations}) violation`)
  .join(' union all ');

/**
 * What the audit finds while no message is on its way. What waits for an operator, or behind a planted bug, is not at rest:
 * of that only what holds of a live system at every instant is asked.
 */
async function violations(world: SagaWorld): Promise<Violation[]> {
  for (const { publisher } of world.network.services.runtimes.values()) await publisher.erase();
  const { rows } = await world.auditor.query<Violation & { check: number }>({ name: 'every check', text: everyCheck });
  const restless = await idsOfTheRestless(world);
  return rows
    .filter(({ check, which }) => always.has(checks[check]!.name) || !restless.some((id) => which.includes(id)))
    .map(({ what, which }) => ({ what, which }));
}

/** As they stand in the audit's report. */
async function idsOfTheRestless(world: SagaWorld): Promise<string[]> {
  const stuck = await world.rows<{ id: string }>(
    `with stuck as (
       select payment_id, reservation_id from reservation.payment where stuck_reason is not null
       union
       select payment_id, reservation_id from reservation.cancellation where stuck_reason is not null)
     select payment_id as id from stuck
     union all
     select reservation_id from stuck
     union all
     select seat_id from concert.claim join stuck using (reservation_id) where ended_at is null`,
  );
  // Whatever lies behind another letter: that one is planted, or found.
  return [...stuck.map(({ id }) => id), ...world.network.bugs, '(behind)'];
}
