import { describe, expect, it } from '@jest/globals';
import {
  aBegunCancellation,
  aCheck,
  anAnswer,
  aParkedReply,
  aRejection,
  newId,
  secondsAfterNoon,
} from '../../test/reservation.builders.js';
import {
  type CancellationDecision,
  type Cancelling,
  cancellationSteps,
  decideCancellation,
} from './cancellation-saga.js';
import type { SagaMessage } from './saga-message.js';

const at = (seconds: number) => (cancelling: Cancelling, message: SagaMessage) =>
  decideCancellation(cancelling, message, secondsAfterNoon(seconds), newId);
const asked = ({ effects }: CancellationDecision) =>
  effects.flatMap((effect) => (effect.kind === 'request' ? effect.action : []));
const kinds = ({ effects }: CancellationDecision) => effects.map(({ kind }) => kind);

describe('the cancellation of a paid reservation', () => {
  it('has two steps, and no way back', () => {
    expect(cancellationSteps).toEqual({
      REFUNDING: { action: 'refund', next: 'RELEASING' },
      RELEASING: { action: 'cancelSeats', next: 'DONE' },
      DONE: null,
    });
  });

  it('refunds, frees the seats, and then tells who waits', () => {
    const begun = aBegunCancellation();
    expect(begun.reservation.status).toBe('CANCELLING');

    const releasing = at(1)(begun, anAnswer(begun.cancellation, { moved: 3_000 }));
    expect([releasing.cancellation.state, asked(releasing)]).toEqual(['RELEASING', ['cancelSeats']]);
    expect(releasing.reservation).toMatchObject({ status: 'CANCELLING', refundedAmount: 3_000n });

    const done = at(2)(releasing, anAnswer(releasing.cancellation));
    expect(done.reservation).toMatchObject({
      status: 'CANCELLED',
      cancelledAt: secondsAfterNoon(2),
      refundedAmount: 3_000n,
    });
    expect(done.cancellation).toMatchObject({ state: 'DONE', waiters: [], lastRequestId: null, nextCheckAt: null });
    expect(done.effects[0]).toEqual({ kind: 'tell', waiters: begun.cancellation.waiters });
    expect(kinds(done)).toEqual(['tell', 'reservationEnded']);
  });

  it('takes each reply once', () => {
    const begun = aBegunCancellation();
    const reply = anAnswer(begun.cancellation, { moved: 3_000 });
    const releasing = at(1)(begun, reply);
    expect(kinds(at(1)(releasing, reply))).toEqual(['stale']);
    const last = anAnswer(releasing.cancellation);
    const done = at(2)(releasing, last);
    expect(kinds(at(2)(done, last))).toEqual(['stale']);
    expect(at(10_000)(done, aCheck()).effects).toEqual([]);
  });

  it('repeats the same command with the same id', () => {
    const begun = aBegunCancellation();
    expect(at(4.999)(begun, aCheck()).effects).toEqual([]);
    const repeated = at(5)(begun, aCheck());
    expect(repeated.effects).toEqual([{ kind: 'request', action: 'refund', id: begun.cancellation.lastRequestId }]);
    expect(repeated.cancellation).toMatchObject({ attempts: 2, nextCheckAt: secondsAfterNoon(15) });
  });

  it('waits for an operator after its deadline and grace, and is moved on by a late answer', () => {
    const begun = aBegunCancellation();
    expect(asked(at(119)(begun, aCheck()))).toEqual(['refund']);
    const stuck = at(120)(begun, aCheck());
    expect(kinds(stuck)).toEqual(['stuck']);
    expect(stuck.cancellation).toMatchObject({ state: 'REFUNDING', nextCheckAt: null });
    expect(at(10_000)(stuck, aCheck()).effects).toEqual([]);
    const moved = at(10_000)(stuck, anAnswer(begun.cancellation, { moved: 3_000 }));
    expect(moved.cancellation).toMatchObject({ state: 'RELEASING', stuckReason: null });
  });

  it('waits for an operator when its request is parked or refused', () => {
    const begun = aBegunCancellation();
    expect(at(1)(begun, aParkedReply(begun.cancellation)).cancellation.stuckReason).toBe('fault');
    expect(at(1)(begun, aRejection(begun.cancellation, 'INVALID_REQUEST')).cancellation.stuckReason).toBe(
      'refund was refused with INVALID_REQUEST',
    );
  });

  it('fails on a refund that does not say how much moved', () => {
    const begun = aBegunCancellation();
    expect(() => at(1)(begun, anAnswer(begun.cancellation, {}))).toThrow('does not say');
  });
});
