import { answered, type Fault, stuck } from './fault.js';
import { type Act, mend, mustRefuse, operate } from './operator.js';
import type { Step } from './steps.js';
import type { Trial } from './trial.js';

/** A way for a saga to become STUCK at a step. */
interface Way {
  readonly title: string;
  readonly meets: (step: Step) => boolean;
  readonly happen: (trial: Trial) => Promise<void>;
  /** What was lost or parked is handled after all, and whatever the saga is told of it. */
  readonly comeLate: (trial: Trial) => Promise<void>;
}

const ways: readonly Way[] = [
  {
    title: 'since its request is parked',
    meets: () => true,
    happen: async (trial) => {
      trial.planBug(trial.request);
      await trial.deliver(trial.request);
      await trial.deliver(trial.replyTo(trial.request));
    },
    comeLate: async (trial) => {
      await mend(trial, trial.request);
      await trial.deliver(trial.replyTo(trial.request));
    },
  },
  {
    title: 'since its reply is parked',
    meets: () => true,
    happen: async (trial) => {
      await trial.deliver(trial.request);
      trial.reply = trial.replyTo(trial.request);
      trial.planBug(trial.reply);
      await trial.deliver(trial.reply);
    },
    comeLate: (trial) => mend(trial, trial.reply),
  },
  {
    title: 'since its request was lost until after the grace',
    meets: (step) => step.sticks,
    happen: async (trial) => {
      trial.lose(trial.request);
      await trial.stuck();
    },
    comeLate: async (trial) => {
      await trial.deliver(trial.request);
      await trial.deliver(trial.replyTo(trial.request));
    },
  },
];

interface Wish {
  readonly act: Act;
  readonly meets: (step: Step) => boolean;
  /** Where it leaves the saga until it is answered. */
  readonly state: (step: Step) => string;
  readonly ends: Fault['ends'];
}

/** Past the pivot everything only goes forward. */
const isPastThePivot = ({ kind }: Step) => kind === 'retriable';

const wishes: readonly Wish[] = [
  { act: 'retry', meets: () => true, state: ({ state }) => state, ends: answered },
  {
    act: 'compensate',
    meets: (step) => !isPastThePivot(step),
    state: ({ state, undoneIn }) => undoneIn ?? state,
    // A confirmation that is parked, or done, comes before the question whether to revoke it.
    ends: (step) => (step.kind === 'compensatable' ? 'back' : step.answered),
  },
];

const actsOn = ({ title, happen, comeLate, meets: wayMeets }: Way, { act, meets, state, ends }: Wish): Fault[] => {
  const isMet = (step: Step) => wayMeets(step) && meets(step);
  const operated = async (trial: Trial) => {
    await happen(trial);
    await trial.mustBeStuck();
    const again = await operate(trial, act);
    await trial.mustBe(state(trial.step));
    await mustRefuse(trial, act, 'PAYMENT_NOT_STUCK');
    return again;
  };
  return [
    {
      title: `an operator wants to ${act} what is STUCK ${title}`,
      meets: isMet,
      happen: async (trial) => {
        await trial.deliver(await operated(trial));
        await trial.world.settle();
        await comeLate(trial);
      },
      ends,
    },
    {
      title: `what it had asked for comes when an operator wanted to ${act} what was STUCK ${title}`,
      meets: isMet,
      happen: async (trial) => {
        const again = await operated(trial);
        trial.lose(again);
        await trial.mustStay(() => comeLate(trial));
        await trial.deliver(again);
      },
      ends,
    },
  ];
};

/** What operators do about STUCK sagas, and may not do. */
export const operatorActs: readonly Fault[] = [
  ...ways.flatMap((way) => wishes.flatMap((wish) => actsOn(way, wish))),
  ...ways.map(({ title, meets, happen }): Fault => ({
    title: `an operator may not compensate what is STUCK past the pivot, ${title}`,
    meets: (step) => meets(step) && isPastThePivot(step),
    happen: async (trial) => {
      await happen(trial);
      await mustRefuse(trial, 'compensate', 'PAYMENT_NOT_COMPENSABLE');
    },
    ends: stuck,
  })),
  {
    title: 'an operator may not act on what is not STUCK',
    happen: async (trial) => {
      await mustRefuse(trial, 'retry', 'PAYMENT_NOT_STUCK');
      await mustRefuse(trial, 'compensate', 'PAYMENT_NOT_STUCK');
      await trial.deliver(trial.request);
    },
    ends: answered,
  },
];
