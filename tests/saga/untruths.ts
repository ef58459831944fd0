import { concert, reservation } from '#contracts';
import type { Violation } from '../../tools/audit/audit.js';
import type { Asked, SagaWorld, Told } from './saga-world.js';

/** What became of a payment. */
interface Fact {
  readonly payment_id: string;
  readonly reservation_id: string;
  /** It, or the cancellation of what it paid, waits for an operator. */
  readonly stuck: boolean;
  readonly cancelled: boolean;
  readonly sells_all: boolean;
  readonly sells_none: boolean;
  /** What was debited and not refunded. */
  readonly kept_all: boolean;
  readonly kept_none: boolean;
}

/**
 * What clients were told that is not so, and clients who were told too often or not at all, when no message is on its way.
 * COMPLETED means money taken and seats sold; a refusal means neither. Nobody hears of what waits for an operator.
 */
export async function untruths(world: SagaWorld): Promise<Violation[]> {
  const facts = await world.rows<Fact & Record<string, unknown>>(factsOfPayments);
  return world.asked.flatMap((asked) => {
    const told = world.toldTo(asked);
    const words = [...new Set(told.map(({ kind, code }) => code ?? kind))];
    return wrongWith(asked, told, words, facts, world).map((what) => {
      return { what, which: `${asked.message.type} ${asked.message.payload}: ${words.join(', ')}` };
    });
  });
}

function wrongWith(asked: Asked, told: readonly Told[], words: readonly string[], facts: Fact[], world: SagaWorld) {
  const { type, payload } = asked.message;
  const { reservationId, paymentId } = JSON.parse(payload) as { reservationId?: string; paymentId?: string };
  const [first] = told;
  if (!first) {
    const waits = facts.some((fact) => fact.stuck && fact.reservation_id === reservationId);
    return waits ? [] : ['a client was not told'];
  }
  // Whatever asks in its name once more is answered once more.
  if (told.length > 1 + (world.network.repeats.get(asked.correlationId) ?? 0)) return ['a client was told too often'];
  if (words.length > 1) return ['a client was told two things'];
  if (type === reservation.startPayment.type) return lieAboutPayment(first, paymentId, facts);
  if (type === reservation.cancelReservation.type) return lieAboutCancellation(first, reservationId, facts);
  return first.kind === 'parked' ? [`${concert.holdSeats.type} or another command was parked`] : [];
}

function lieAboutPayment({ kind, body }: Told, paymentId: string | undefined, facts: readonly Fact[]): string[] {
  // Paying a paid reservation is answered with the payment that it has.
  const fact = facts.find((each) => each.payment_id === (kind === 'answered' ? body.paymentId : paymentId));
  if (kind === 'answered') {
    if (body.status !== 'COMPLETED' || !fact) return ['a payment was answered that is not made'];
    return fact.cancelled || (fact.sells_all && fact.kept_all) ? [] : ['a payment was told to be made and is not'];
  }
  if (kind === 'parked') return ['a payment was parked'];
  return !fact || (fact.sells_none && fact.kept_none) ? [] : ['a payment was told to be refused and is not'];
}

function lieAboutCancellation(
  { kind, body }: Told,
  reservationId: string | undefined,
  facts: readonly Fact[],
): string[] {
  if (kind !== 'answered') return kind === 'parked' ? ['a cancellation was parked'] : [];
  const paid = facts.filter((fact) => fact.reservation_id === reservationId);
  const undone = paid.every(({ sells_none, kept_none }) => sells_none && kept_none);
  return body.status === 'CANCELLED' && undone ? [] : ['a cancellation was told to be done and is not'];
}

const factsOfPayments = `
  select p.payment_id, p.reservation_id, c.state is not null as cancelled,
         p.stuck_reason is not null or c.stuck_reason is not null as stuck,
         coalesce(sold.seats, 0) = jsonb_array_length(r.seats) as sells_all, sold.seats is null as sells_none,
         coalesce(moved.kept, 0) = p.amount as kept_all, coalesce(moved.kept, 0) = 0 as kept_none
  from reservation.payment p
  join reservation.reservation r using (reservation_id)
  left join reservation.cancellation c on c.payment_id = p.payment_id
  left join (select payment_id, count(*) as seats from concert.claim
             where status = 'SOLD' and ended_at is null group by payment_id) as sold on sold.payment_id = p.payment_id
  left join (select payment_id, sum(case operation when 'DEBIT' then moved else -moved end) as kept
             from wallet.barrier group by payment_id) as moved on moved.payment_id = p.payment_id`;
