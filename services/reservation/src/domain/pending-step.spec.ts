import { describe, expect, it } from '@jest/globals';
import { noon, secondsAfterNoon } from '../../test/reservation.builders.js';
import { deadlineIn, graceEndsAt, nextCheck, type PendingStep, repeatDueAt } from './pending-step.js';

const aStep = (attempts: number, stepSentAt = noon): PendingStep => ({
  lastRequestId: null,
  stepSentAt,
  attempts,
  nextCheckAt: null,
  createdAt: noon,
  deadlineAt: secondsAfterNoon(60),
  graceEndsAt: null,
  stuckReason: null,
});

describe('a pending step', () => {
  it('is repeated after 5, 10, 20 … seconds, at most 5 minutes', () => {
    const pauses = [1, 2, 3, 4, 5, 6, 7, 8, 1_000].map(
      (attempts) => (repeatDueAt(aStep(attempts)).getTime() - noon.getTime()) / 1000,
    );
    expect(pauses).toEqual([5, 10, 20, 40, 80, 160, 300, 300, 300]);
  });

  it('has as long a grace after its deadline as it was given until then', () => {
    const given = deadlineIn(60, secondsAfterNoon(3_600));
    expect(given).toEqual({ deadlineAt: secondsAfterNoon(3_660), graceEndsAt: secondsAfterNoon(3_720) });
    expect(graceEndsAt({ ...aStep(1), ...given })).toEqual(secondsAfterNoon(3_720));
  });

  it('whose grace no process has kept was given its deadline when the saga began', () => {
    expect(graceEndsAt(aStep(1))).toEqual(secondsAfterNoon(120));
  });

  it('is looked at when its repeat is due, or when a deadline still to come is sooner', () => {
    expect(nextCheck(aStep(1), secondsAfterNoon(60), noon)).toEqual(secondsAfterNoon(5));
    expect(nextCheck(aStep(6), secondsAfterNoon(60), noon)).toEqual(secondsAfterNoon(60));
    expect(nextCheck(aStep(1, secondsAfterNoon(70)), secondsAfterNoon(60), secondsAfterNoon(70))).toEqual(
      secondsAfterNoon(75),
    );
    expect(nextCheck(aStep(6), null, noon)).toEqual(secondsAfterNoon(160));
  });
});
