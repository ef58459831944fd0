import { concert, type MessageContract, queue, reservation, wallet } from '#contracts';
import type { Outgoing } from '#messaging';
import { describe, expect, it } from '@jest/globals';
import { aContext, aMessage, aReply, sampleOf, sentAs } from '../../test/message.builders.js';
import { secondsAfterNoon } from '../../test/reservation.builders.js';
import { Purchases } from './purchases.js';
import { type ReservationCommand, ReservationCommands } from './reservation-commands.handler.js';
import { SagaReplies } from './saga-replies.handler.js';
import { type SeatEvent, SeatEvents } from './seat-events.handler.js';

const settings = { PAYMENT_DEADLINE_SECONDS: 60 } as never;
const commands = new ReservationCommands(undefined as never, settings);
const events = new SeatEvents(undefined as never);
const replies = new SagaReplies(undefined as never);

function afterSeatsHeld(): Purchases {
  const purchases = new Purchases({});
  events.decide(purchases, aMessage(concert.seatsHeld, sampleOf(concert.seatsHeld)) as SeatEvent, aContext());
  return purchases;
}

describe('the samples of the messages this service accepts', () => {
  it.each([concert.seatsHeld, concert.seatsReleased].map((contract) => [contract.type, contract] as const))(
    '%s is answered',
    (_type, contract: MessageContract) => {
      const message = aMessage(contract, sampleOf(contract)) as SeatEvent;
      expect(events.decide(afterSeatsHeld(), message, aContext()).outcome.kind).toBe('answered');
    },
  );

  it.each([
    ['open', reservation.startPayment],
    ['forwarded', reservation.cancelReservation],
    ['done', reservation.expireReservation],
    ['done', reservation.checkPayment],
    ['done', reservation.checkCancellation],
    ['rejected', reservation.retryPayment],
    ['rejected', reservation.compensatePayment],
  ] as const)('the outcome is %s for %p', (outcome, contract: MessageContract) => {
    const message = aMessage(contract, sampleOf(contract)) as ReservationCommand;
    expect(commands.decide(afterSeatsHeld(), message, aContext(secondsAfterNoon(60))).outcome.kind).toBe(outcome);
  });
});

describe('the messages this service sends', () => {
  const now = aContext(secondsAfterNoon(60));

  /** A reservation of the sample's, paid with the sample's token, then cancelled; and one that expired. */
  function everythingSent(): Outgoing[] {
    const purchases = afterSeatsHeld();
    const sent: Outgoing[] = [];
    const command = (contract: MessageContract) => {
      const message = aMessage(contract, sampleOf(contract)) as ReservationCommand;
      sent.push(...(commands.decide(purchases, message, now).send ?? []));
    };
    const reply = (contract: MessageContract, body: Record<string, unknown> = {}) =>
      sent.push(...(replies.decide(purchases, aReply(sentAs(contract, sent.toReversed()), body), now).send ?? []));
    command(reservation.startPayment);
    reply(wallet.debit);
    reply(concert.confirmSeats);
    reply(queue.expireToken);
    command(reservation.cancelReservation);
    reply(wallet.refund, { moved: 3_000 });
    reply(concert.cancelSeats);
    const late = aContext(secondsAfterNoon(300));
    const expiry = aMessage(reservation.expireReservation, sampleOf(reservation.expireReservation));
    sent.push(...(commands.decide(afterSeatsHeld(), expiry as ReservationCommand, late).send ?? []));
    return sent;
  }

  it('keep their contracts', () => {
    const sent = everythingSent();
    for (const { contract, payload } of sent) expect(contract.payload.parse(payload)).toEqual(payload);
    expect(new Set(sent.map(({ contract }) => contract.type))).toEqual(
      new Set(
        [
          wallet.debit,
          concert.extendHold,
          concert.confirmSeats,
          reservation.reservationConfirmed,
          queue.expireToken,
          wallet.refund,
          concert.cancelSeats,
          reservation.reservationEnded,
          concert.releaseHold,
        ].map(({ type }) => type),
      ),
    );
  });

  it('are the samples, for the events', () => {
    const sent = everythingSent();
    expect(sentAs(reservation.reservationConfirmed, sent)?.payload).toEqual(sampleOf(reservation.reservationConfirmed));
    expect(sentAs(reservation.reservationEnded, sent.toReversed())?.payload).toEqual(
      sampleOf(reservation.reservationEnded),
    );
  });
});
