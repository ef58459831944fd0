import { concert, type MessageContract, queue, reply as replies, reservation, wallet } from '#contracts';
import type { Answer, Asker, Decision, Outgoing, Reply } from '#messaging';
import { Purchases } from '../src/messages/purchases.js';
import { type ReservationCommand, ReservationCommands } from '../src/messages/reservation-commands.handler.js';
import { SagaReplies } from '../src/messages/saga-replies.handler.js';
import { aHeldReservation, aPlace, DEADLINE_SECONDS, id, noon } from './reservation.builders.js';

const price = 3_000;

/** Wallet, concert and queue as their contracts promise them, with the barriers that make every step safe to repeat. */
class Participants {
  balance = 0;
  readonly debits = new Map<string, number>();
  readonly refunds = new Map<string, number>();
  readonly confirmations = new Map<string, boolean>();
  held = true;
  soldTo: string | null = null;
  tokenSpent = false;

  /** The reply's content, or null where nobody is answered. */
  obey({ contract, payload, replyTo }: Outgoing): Answer | null {
    const { paymentId } = payload as { paymentId: string };
    switch (contract.type) {
      case wallet.debit.type:
        return this.debit(paymentId);
      case wallet.refund.type:
        if (!this.refunds.has(paymentId)) {
          const moved = this.debits.get(paymentId) ?? 0;
          this.debits.set(paymentId, moved);
          this.refunds.set(paymentId, moved);
          this.balance += moved;
        }
        return answered({ paymentId, moved: this.refunds.get(paymentId), balance: this.balance });
      case concert.confirmSeats.type:
        if (!this.confirmations.has(paymentId)) {
          this.confirmations.set(paymentId, this.held);
          if (this.held) [this.held, this.soldTo] = [false, paymentId];
        }
        return this.confirmations.get(paymentId) ? answered({ paymentId }) : rejected('EXPIRED_RESERVATION');
      case concert.revokeConfirm.type:
        if (!this.confirmations.has(paymentId)) this.confirmations.set(paymentId, false);
        return answered({ paymentId, confirmed: this.confirmations.get(paymentId) });
      case concert.cancelSeats.type:
        if (this.soldTo === paymentId) this.soldTo = null;
        return answered({});
      case queue.expireToken.type:
        this.tokenSpent = true;
        return answered({});
      case concert.releaseHold.type:
        this.held = false;
        return null;
      default:
        if (replyTo) throw new Error(`nobody here obeys ${contract.type}, whose reply is awaited`);
        return null;
    }
  }

  private debit(paymentId: string): Answer {
    if (this.refunds.has(paymentId)) return rejected('COMPENSATED');
    if (!this.debits.has(paymentId)) {
      const moved = this.balance >= price ? price : 0;
      this.debits.set(paymentId, moved);
      this.balance -= moved;
    }
    return this.debits.get(paymentId)
      ? answered({ paymentId })
      : rejected('NOT_ENOUGH_BALANCE', { balance: this.balance });
  }
}

const answered = (body: Record<string, unknown>): Answer => ({ kind: 'answered', body });
const rejected = (code: Extract<Answer, { kind: 'rejected' }>['code'], members = {}): Answer => ({
  kind: 'rejected',
  code,
  detail: 'No.',
  members,
});

type InFlight = { readonly command: Outgoing } | { readonly reply: Reply };

/** One reservation of ada's, the real handlers on it, and a network that delivers when, and as often as, it is told. */
export class PaymentWorld {
  readonly participants = new Participants();
  readonly state = new Purchases({ reservations: [aHeldReservation()] });
  readonly told: { readonly correlationId: string; readonly answer: Answer }[] = [];
  readonly startedAs = new Map<string, string>();
  network: InFlight[] = [];
  private clock = noon.getTime();
  private ids = 0;
  private readonly commands = new ReservationCommands(
    undefined as never,
    {
      PAYMENT_DEADLINE_SECONDS: DEADLINE_SECONDS,
    } as never,
  );
  private readonly replies = new SagaReplies(undefined as never);

  constructor(balance: number) {
    this.participants.balance = balance;
  }

  pass(seconds: number): void {
    this.clock += seconds * 1000;
  }

  get reservation() {
    return this.state.reservations.get(id('reservation'))!;
  }

  get payments() {
    return [...this.startedAs.values()].flatMap((paymentId) => this.state.payments.get(paymentId) ?? []);
  }

  get cancellation() {
    return this.state.cancellations.get(id('reservation'));
  }

  /** A client pays, or repeats what it sent `again`. */
  pay(again = false): void {
    const [before] = [...this.startedAs].slice(-1);
    const [messageId, paymentId] = again && before ? before : [this.newId(), this.newId()];
    const known = this.state.startedBy(messageId) !== undefined;
    if (again && !known) return;
    if (!known) this.startedAs.set(messageId, paymentId);
    const payload = { reservationId: id('reservation'), paymentId, userId: 'ada', place: aPlace };
    this.command(reservation.startPayment, payload, { id: messageId, asked: true, repeated: known });
  }

  cancel(): void {
    this.command(reservation.cancelReservation, { reservationId: id('reservation'), userId: 'ada' }, { asked: true });
  }

  /** An operator retries or compensates every payment there is: those that are not STUCK refuse. */
  operate(act: 'retry' | 'compensate'): void {
    const contract = act === 'retry' ? reservation.retryPayment : reservation.compensatePayment;
    for (const { paymentId } of this.payments) {
      const payload = { reservationId: id('reservation'), paymentId, operator: 'olga', reason: 'It is time.' };
      this.command(contract, payload);
    }
  }

  /** The three timers look. */
  look(): void {
    const reservationId = id('reservation');
    this.command(reservation.expireReservation, { reservationId });
    this.command(reservation.checkCancellation, { reservationId });
    for (const { paymentId } of this.payments) this.command(reservation.checkPayment, { reservationId, paymentId });
  }

  /** Delivers one message that is on its way; `keep` leaves it there, to be delivered again. */
  deliver(position: number, keep = false): void {
    const index = this.network.length ? position % this.network.length : -1;
    const message = this.network[index];
    if (!message) return;
    if (!keep) this.network.splice(index, 1);
    if ('reply' in message) this.apply(this.replies.decide(this.state, message.reply, this.context()));
    else this.obey(message.command);
  }

  /** Who should obey the command puts it aside, for ever or to be replayed later, and says so. */
  park(position: number, replayed: boolean): void {
    const commands = this.network.flatMap((message) => ('command' in message ? message.command : []));
    const command = commands[position % commands.length];
    if (!command || command.replyTo === null) return;
    if (!replayed) this.network = this.network.filter((each) => !('command' in each && each.command === command));
    const [, , subject = ''] = command.replyTo.split('/');
    const envelope = { id: this.newId(), inReplyTo: command.id, subject, correlationId: 'trail' };
    this.network.push({ reply: { ...envelope, type: replies.parked.type, payload: { reason: 'fault' } } });
  }

  drop(position: number): void {
    if (this.network.length) this.network.splice(position % this.network.length, 1);
  }

  private obey(command: Outgoing): void {
    const result = this.participants.obey(command);
    if (!result || command.replyTo === null) return;
    const [, , subject = ''] = command.replyTo.split('/');
    const envelope = { id: this.newId(), inReplyTo: command.id, subject, correlationId: 'trail' };
    const reply: Reply =
      result.kind === 'answered'
        ? { ...envelope, type: replies.answered.type, payload: { body: result.body, replayed: false } }
        : {
            ...envelope,
            type: replies.rejected.type,
            payload: { code: result.code, detail: result.detail, members: result.members, replayed: false },
          };
    this.network.push({ reply });
  }

  private command(
    contract: MessageContract,
    payload: object,
    { id: messageId = this.newId(), asked = false, repeated = false } = {},
  ): void {
    const correlationId = this.newId();
    const asker: Asker | null = asked ? { replyTo: 'gateway.replies/0/gateway', correlationId, messageId } : null;
    const message = {
      id: messageId,
      type: contract.type,
      payload,
      subject: '',
      correlationId,
      traceparent: null,
      asker,
    };
    const decision = this.commands.decide(this.state, { ...message, repeated } as ReservationCommand, this.context());
    this.apply(decision, asker);
  }

  private apply({ outcome, send = [], answers = [] }: Decision, asker: Asker | null = null): void {
    for (const command of send) this.network.push({ command });
    if (outcome.kind === 'forwarded') this.network.push({ command: outcome.message });
    if (asker && (outcome.kind === 'answered' || outcome.kind === 'rejected')) {
      this.told.push({ correlationId: asker.correlationId, answer: outcome });
    }
    for (const { to, answer } of answers) this.told.push({ correlationId: to.correlationId, answer });
  }

  private context = () => ({ now: new Date(this.clock), newId: this.newId });

  private newId = (): string => id('new', 1_000_000 + (this.ids += 1));
}
