import { reservation, uuid } from '#contracts';
import type { Message, ParkedMessage, Reply } from '#messaging';
import type { CutOff } from '../postgres/cut-off.js';

type SagaCommand =
  | Message<typeof reservation.startPayment>
  | Message<typeof reservation.checkPayment>
  | Message<typeof reservation.cancelReservation>
  | Message<typeof reservation.checkCancellation>;

/** Which sagas will not get these commands. Any other command, such as the sweep's, cuts nobody off. */
export function cutOffByCommands(parked: readonly ParkedMessage<Message>[]): CutOff[] {
  return parked.flatMap((each) => {
    const message = each.message as SagaCommand | null;
    switch (message?.type) {
      case reservation.startPayment.type:
        return { ...why(each), startMessageId: message.id };
      case reservation.checkPayment.type:
        return { ...why(each), paymentId: message.payload.paymentId };
      case reservation.cancelReservation.type:
      case reservation.checkCancellation.type:
        return { ...why(each), reservationId: message.payload.reservationId };
      default:
        return [];
    }
  });
}

/** Both sagas of a payment have its id as their address, also where the reply itself cannot be read. */
export function cutOffByReplies(parked: readonly ParkedMessage<Reply>[]): CutOff[] {
  return parked
    .filter(({ subject }) => uuid.safeParse(subject).success)
    .map((each) => ({ ...why(each), paymentId: each.subject, cancelledPaymentId: each.subject }));
}

const ERROR_SHOWN_MAX = 300;

function why({ id, type, reason, error }: ParkedMessage<unknown>) {
  const [firstLine = ''] = error.split('\n');
  // Cut between characters: PostgreSQL refuses half of a surrogate pair, and the saga would not be marked.
  const shown = Array.from(firstLine).slice(0, ERROR_SHOWN_MAX).join('');
  return { messageId: id, reason: `${type} ${id} is parked (${reason}): ${shown}` };
}
