import { answered, type Fault, isUndone, stuck } from './fault.js';
import type { Step } from './steps.js';

const isRepeatedForEver = (step: Step) => !isUndone(step) && !step.sticks;
/** Undone without having been done. */
const undone = () => 'back' as const;
/** Undone, though it was done: the pivot stands. */
const doubted = (step: Step) => (step.kind === 'pivot' ? 'forward' : 'back');

const pastTheDeadline: Fault[] = [
  {
    title: 'the request is lost until after the deadline',
    meets: isUndone,
    happen: async (trial) => {
      trial.lose(trial.request);
      await trial.turned();
    },
    ends: undone,
  },
  {
    title: 'the undo overtakes the request',
    meets: isUndone,
    happen: async (trial) => {
      trial.lose(trial.request);
      await trial.deliver(await trial.turned());
      await trial.deliver(trial.request);
    },
    ends: undone,
  },
  {
    title: 'the request comes after the saga has turned back and ended',
    meets: isUndone,
    happen: async (trial) => {
      trial.lose(trial.request);
      await trial.turned();
      await trial.world.settle();
      await trial.deliver(trial.request);
    },
    ends: undone,
  },
  {
    title: 'the reply is lost until after the deadline',
    meets: isUndone,
    happen: async (trial) => {
      await trial.loseReply();
      await trial.turned();
    },
    ends: doubted,
  },
  {
    title: 'the reply comes when the saga has turned back',
    meets: isUndone,
    happen: async (trial) => {
      const reply = await trial.loseReply();
      const undo = await trial.turned();
      await trial.deliver(reply);
      await trial.mustBe(trial.step.undoneIn!);
      await trial.deliver(undo);
    },
    ends: doubted,
  },
  {
    title: 'the reply comes when the saga, turned back, is STUCK',
    meets: isUndone,
    happen: async (trial) => {
      const reply = await trial.loseReply();
      const undo = await trial.turned();
      trial.lose(undo);
      await trial.stuck();
      await trial.deliver(reply);
    },
    ends: stuck,
  },
];

const pastTheGrace: Fault[] = [
  {
    title: 'the request is lost until the saga is STUCK',
    meets: (step) => step.sticks,
    happen: async (trial) => {
      trial.lose(trial.request);
      await trial.stuck();
    },
    ends: stuck,
  },
  {
    title: 'the request comes when the saga is STUCK, and moves it on',
    meets: (step) => step.sticks,
    happen: async (trial) => {
      trial.lose(trial.request);
      await trial.stuck();
      await trial.deliver(trial.request);
    },
    ends: answered,
  },
  {
    title: 'the reply comes when the saga is STUCK, and moves it on',
    meets: (step) => step.sticks,
    happen: async (trial) => {
      const reply = await trial.loseReply();
      await trial.stuck();
      await trial.deliver(reply);
    },
    ends: answered,
  },
  {
    title: 'the request is lost far past the deadline, and repeated for ever',
    meets: isRepeatedForEver,
    happen: async (trial) => {
      trial.lose(trial.request);
      trial.lose(await trial.repeated(trial.request, 61));
      trial.lose(await trial.repeated(trial.request, 600));
      await trial.deliver(await trial.repeated(trial.request, 3_600));
    },
    ends: answered,
  },
];

/** Faults that last past the deadline, or the grace. */
export const lateFaults: readonly Fault[] = [...pastTheDeadline, ...pastTheGrace];
