import { z } from 'zod';
import { defineMessage } from '../message-contract.js';
import { ofDeadLetter } from '../replay.js';
import { topics } from '../topics.js';
import { amount, currency, instant, userId, uuid } from '../values.js';

const ofUser = { topic: topics.walletCommands, key: (payload: { userId: string }) => payload.userId };

/** Put money in. Answered with { topUpId, amount, balance, currency, createdAt }; rejected: BALANCE_LIMIT_EXCEEDED. */
export const topUp = defineMessage({
  type: 'wallet.TopUp.v1',
  payload: z.object({ topUpId: uuid, userId, amount: z.int().min(1).max(10_000_000) }),
  ...ofUser,
  subject: (payload) => payload.topUpId,
});

export const topUpAnswer = z.object({ topUpId: uuid, amount, balance: amount, currency, createdAt: instant });
export type TopUpAnswer = z.output<typeof topUpAnswer>;

/** Take the price. Answered with { paymentId, moved, balance }; rejected: NOT_ENOUGH_BALANCE { balance, amount }, COMPENSATED when the refund came first. */
export const debit = defineMessage({
  type: 'wallet.Debit.v1',
  payload: z.object({ paymentId: uuid, userId, amount }),
  ...ofUser,
  subject: (payload) => payload.paymentId,
});

/** Give back exactly what the payment's debit moved, once; nothing when it moved nothing. Answered with { paymentId, moved, balance }. */
export const refund = defineMessage({
  type: 'wallet.Refund.v1',
  payload: z.object({ paymentId: uuid, userId }),
  ...ofUser,
  subject: (payload) => payload.paymentId,
});

export const movementAnswer = z.object({ paymentId: uuid, moved: amount, balance: amount });
export type MovementAnswer = z.output<typeof movementAnswer>;

/**
 * An operator has a dead letter of this service handled again, and what is parked of its subject. Answered with a `Replay`;
 * rejected: DEAD_LETTER_NOT_FOUND, DEAD_LETTER_NOT_REPLAYABLE.
 */
export const replayDeadLetter = defineMessage({
  type: 'wallet.ReplayDeadLetter.v1',
  topic: topics.walletCommands,
  ...ofDeadLetter,
});
