import { concert, queue, reply, wallet } from '#contracts';
import { v7 as uuidv7 } from 'uuid';
import { answered, type Fault, isUndone, stuck } from './fault.js';
import { PRICE } from './saga-world.js';
import type { Step } from './steps.js';
import type { Trial } from './trial.js';

const ofTheRequest: Fault[] = [
  {
    title: 'the request comes twice',
    happen: (trial) => trial.deliver(trial.request, 2),
    ends: answered,
  },
  {
    title: 'the request is lost, and its repeat comes',
    happen: async (trial) => {
      trial.lose(trial.request);
      await trial.deliver(await trial.repeated());
    },
    ends: answered,
  },
  {
    title: 'the request is slow, and comes after its repeat',
    happen: async (trial) => {
      trial.lose(trial.request);
      await trial.deliver(await trial.repeated());
      await trial.deliver(trial.request);
    },
    ends: answered,
  },
  {
    title: 'the request comes after the saga has ended',
    happen: async (trial) => {
      trial.lose(trial.request);
      await trial.deliver(await trial.repeated());
      await trial.world.settle();
      await trial.deliver(trial.request);
    },
    ends: answered,
  },
  {
    title: 'the request comes under another id too, as when nobody remembers the first any more',
    happen: async (trial) => {
      await trial.deliver(trial.request);
      const again = trial.underAnotherId(trial.request);
      await trial.deliver(again);
      trial.mustSay(reply.answered.type, again);
    },
    ends: answered,
  },
  {
    title: 'the request is refused, and nobody knows why',
    happen: (trial) => trial.refuse(trial.request),
    // A token that will not be spent is no reason to ask again.
    ends: (step) => (isUndone(step) ? 'back' : step.sticks ? 'stuck' : 'forward'),
    leaves: ({ request }) =>
      request === queue.expireToken.type ? ['a completed payment whose queue token is not spent'] : [],
  },
  {
    title: 'the request is parked',
    happen: async (trial) => {
      trial.planBug(trial.request);
      await trial.deliver(trial.request);
      trial.mustSay(reply.parked.type, trial.request);
    },
    ends: stuck,
  },
  {
    title: 'the participant loses the database before the commit',
    happen: async (trial) => {
      trial.planDisconnect(trial.request);
      await trial.deliver(trial.request);
    },
    ends: answered,
  },
  {
    title: 'the participant dies before it has published its reply',
    happen: async (trial) => {
      trial.planDeath(trial.request);
      await trial.deliver(trial.request);
    },
    ends: answered,
  },
];

const ofTheReply: Fault[] = [
  {
    title: 'the reply comes twice',
    happen: async (trial) => {
      await trial.deliver(trial.request);
      await trial.deliver(trial.replyTo(trial.request), 2);
    },
    ends: answered,
  },
  {
    title: 'the reply is lost, and that to the repeat comes',
    happen: async (trial) => {
      await trial.loseReply();
      await trial.deliver(await trial.repeated());
      await trial.deliver(trial.replyTo(trial.request));
    },
    ends: answered,
  },
  {
    title: 'the reply comes after that to the repeat',
    happen: async (trial) => {
      const reply = await trial.loseReply();
      await trial.deliver(await trial.repeated());
      await trial.deliver(trial.replyTo(trial.request));
      await trial.deliver(reply);
    },
    ends: answered,
  },
  {
    title: 'the reply comes again after the saga has ended',
    happen: async (trial) => {
      await trial.deliver(trial.request);
      const reply = trial.replyTo(trial.request);
      await trial.deliver(reply);
      await trial.world.settle();
      await trial.deliver(reply);
    },
    ends: answered,
  },
  {
    title: 'the saga loses the database before it commits the reply',
    happen: async (trial) => {
      await trial.deliver(trial.request);
      trial.planDisconnect(trial.replyTo(trial.request));
      await trial.deliver(trial.replyTo(trial.request));
    },
    ends: answered,
  },
  {
    title: 'the saga dies before it has published what the reply led to',
    happen: async (trial) => {
      await trial.deliver(trial.request);
      trial.planDeath(trial.replyTo(trial.request));
      await trial.deliver(trial.replyTo(trial.request));
    },
    ends: answered,
  },
];

interface Refusal {
  readonly reason: (trial: Trial) => Promise<unknown>;
  /** Takes the reason away, where that can be. */
  readonly relief?: (trial: Trial) => Promise<unknown>;
}

/** The "no"s that participants have, by the message that asks for it. */
const refusals: Readonly<Record<string, Refusal>> = {
  [wallet.debit.type]: {
    reason: async ({ world, buyer }) => world.answered(world.pay(await world.aBuyer(buyer.userId, 0))),
    relief: ({ world, buyer: { userId } }) => world.done(wallet.topUp, { topUpId: uuidv7(), userId, amount: PRICE }),
  },
  [concert.confirmSeats.type]: {
    reason: ({ world: { scheduleId }, world, buyer: { reservationId } }) =>
      world.done(concert.releaseHold, { scheduleId, reservationId, reason: 'EXPIRED' }),
  },
};

const refusalOf = ({ request, kind }: Step) => (kind === 'undo' ? undefined : refusals[request]);

async function beRefused(trial: Trial): Promise<void> {
  trial.lose(trial.request);
  await refusalOf(trial.step)!.reason(trial);
  await trial.mustBe(trial.step.state);
  await trial.deliver(trial.request);
  trial.mustSay(reply.rejected.type, trial.request);
}

const ofTheBusiness: Fault[] = [
  {
    title: 'the participant has a reason to say no',
    meets: (step) => refusalOf(step) !== undefined,
    happen: beRefused,
    ends: () => 'back',
  },
  {
    title: 'the participant says no again when its reason is gone',
    meets: (step) => refusalOf(step)?.relief !== undefined,
    happen: async (trial) => {
      await beRefused(trial);
      trial.lose(trial.replyTo(trial.request));
      await refusalOf(trial.step)!.relief!(trial);
      const again = trial.underAnotherId(trial.request);
      await trial.deliver(again);
      trial.mustSay(reply.rejected.type, again);
      await trial.deliver(await trial.repeated());
    },
    ends: () => 'back',
  },
];

/** Faults that are over long before the deadline. */
export const messageFaults: readonly Fault[] = [...ofTheRequest, ...ofTheReply, ...ofTheBusiness];
