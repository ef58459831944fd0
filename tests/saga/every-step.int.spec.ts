import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { openPaymentStates } from '../../services/reservation/src/domain/payment.js';
import { lateFaults } from './late-faults.js';
import { messageFaults } from './message-faults.js';
import { operatorActs } from './operator-acts.js';
import { SagaWorld } from './saga-world.js';
import { steps } from './steps.js';
import { Trial } from './trial.js';
import { wrongs } from './wrongs.js';

const faults = [...messageFaults, ...lateFaults, ...operatorActs];
const cases = steps.flatMap((step) =>
  faults.filter(({ meets }) => meets?.(step) ?? true).map((fault) => [step.title, fault.title, step, fault] as const),
);

let world: SagaWorld;
beforeAll(async () => {
  Logger.overrideLogger(false);
  world = await SagaWorld.open(2 * cases.length);
});
afterAll(() => world.close());

describe('at every step of every saga', () => {
  it('stands every state in which a payment waits', () => {
    const states = steps.filter(({ saga }) => saga === 'payment').map(({ state }) => state);
    expect(new Set(states)).toEqual(new Set(openPaymentStates));
  });

  it.each(cases)('%s: %s', async (_step, _fault, step, fault) => {
    const trial = await Trial.at(step, world);
    await fault.happen(trial);
    await world.settle();
    expect(trial.hits).not.toEqual([]);
    expect(trial.missed).toEqual([]);
    expect(await trial.ending()).toBe(fault.ends(step));
    const left = (fault.leaves?.(step) ?? []).map((what) => expect.objectContaining({ what }));
    expect(await wrongs(world)).toEqual(left);
  });
});
