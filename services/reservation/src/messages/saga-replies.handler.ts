import { reply as replies, topics } from '#contracts';
import {
  BatchHandler,
  type Context,
  type Decision,
  done,
  type Handler,
  type ParkedMessage,
  type Reply,
  type Transaction,
} from '#messaging';
import type { SagaReply } from '../domain/saga-message.js';
import { cutOffByReplies } from './cut-off.js';
import { PurchaseStore } from './purchase.store.js';
import type { Purchases } from './purchases.js';
import { countStale } from './saga-metrics.js';
import { moveCancellationSaga, movePaymentSaga } from './sagas.js';

/** What wallet, concert and queue answered to the payment saga and to the cancellation of a paid reservation. */
@BatchHandler({ topic: topics.paymentSagaReplies })
export class SagaReplies implements Handler<Purchases, Reply> {
  constructor(private readonly purchases: PurchaseStore) {}

  load(messages: readonly Reply[], tx: Transaction): Promise<Purchases> {
    return this.purchases.lockByPayments(
      messages.map(({ subject }) => subject),
      tx,
    );
  }

  /** Both sagas of a payment have one address: a reply belongs to the cancellation exactly when that awaits it. */
  decide(purchases: Purchases, reply: Reply, context: Context): Decision {
    const message = sagaReply(reply);
    const paymentId = reply.subject;
    const reservationId = purchases.payments.get(paymentId)?.reservationId ?? null;
    const cancellation = purchases.cancellations.get(reservationId);
    const decision =
      cancellation?.lastRequestId === reply.inReplyTo
        ? moveCancellationSaga(purchases, cancellation.reservationId, message, context)
        : movePaymentSaga(purchases, paymentId, message, context);
    if (decision) return decision;
    countStale();
    return { outcome: done };
  }

  save(purchases: Purchases, tx: Transaction): Promise<void> {
    return this.purchases.save(purchases, tx);
  }

  onParked(parked: readonly ParkedMessage<Reply>[], tx: Transaction): Promise<void> {
    return this.purchases.markStuck(cutOffByReplies(parked), tx);
  }
}

function sagaReply({ id, inReplyTo, ...reply }: Reply): SagaReply {
  switch (reply.type) {
    case replies.answered.type:
      return { id, inReplyTo, kind: 'answered', body: reply.payload.body };
    case replies.rejected.type: {
      const { code, detail, members } = reply.payload;
      return { id, inReplyTo, kind: 'rejected', rejection: members ? { code, detail, members } : { code, detail } };
    }
    case replies.parked.type:
      return { id, inReplyTo, kind: 'parked', reason: reply.payload.reason };
  }
}
