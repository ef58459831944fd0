import type { Asked, History, Operation, OperationKind, Told } from '../history.js';

/** What a fan of the model does next, and how long everything takes, ms. */
export interface Step {
  readonly fan: string;
  readonly kind: OperationKind;
  /** Of a top-up. Minor units. */
  readonly amount?: number;
  /** Of a hold: seat numbers. */
  readonly seats?: readonly number[];
  /** Which of the fan's reservations, counted from the newest. */
  readonly which?: number;
  /** Sends the request a second time at once: under the same key, or another. */
  readonly twice?: 'one-key' | 'two-keys';
  /** The seats are lost after the debit. */
  readonly losesSeats?: boolean;
  /** Never answered: it never happens, or it happens all the same. */
  readonly unanswered?: 'never' | 'happens';
  /** Before it is sent, on the way there, of each step inside, on the way back. */
  readonly delays: readonly [think: number, there: number, inside: number, back: number];
}

export const price = 10_000;
export const HOLD_MS = 4_000;
const DEADLINE_MS = 6_000;
const epoch = Date.parse('2026-01-01T00:00:00.000Z');

interface Reservation {
  readonly reservationId: string;
  readonly fan: string;
  readonly seatIds: readonly string[];
  readonly amount: number;
  readonly createdAt: number;
  readonly expiresAt: number;
  status: string;
  /** When its seats are free, ms. */
  heldUntil: number;
  paymentId: string | null;
  refundedAmount: number;
}

type Outcome = readonly [status: number, answer: Told];

/** An honest system in few lines: one owner a seat, one order a wallet. Its fans take their steps one after another. */
export class HonestWorld {
  private now = 0;
  private readonly queue: { at: number; run: () => void }[] = [];
  private readonly operations: Operation[] = [];
  private readonly entries = new Map<string, Told[]>();
  private readonly reservations: Reservation[] = [];
  private readonly payments = new Map<string, string>();
  private readonly counts = new Map<string, number>();

  /** The history of these steps, and of the last reads. */
  static history(steps: readonly Step[]): History {
    const world = new HonestWorld();
    const fans = Map.groupBy(steps, ({ fan }) => fan);
    for (const own of fans.values()) world.take(own);
    world.run();
    for (const fan of fans.keys()) {
      for (const kind of ['read-wallet', 'read-entries', 'read-reservations'] as const) {
        world.send({ fan, kind, delays: [0, 1, 1, 1] }, () => {}, true);
        world.run();
      }
    }
    const concert = { concertId: 'concert', price, scheduleIds: ['schedule'] };
    return { seed: 0, concert, paymentDeadlineSeconds: DEADLINE_MS / 1_000, operations: world.operations };
  }

  private take([step, ...others]: readonly Step[]): void {
    if (!step) return;
    this.after(step.delays[0], () => this.send(step, () => this.take(others)));
  }

  private run(): void {
    for (;;) {
      this.queue.sort((one, other) => one.at - other.at);
      const next = this.queue.shift();
      if (!next) return;
      this.now = next.at;
      next.run();
    }
  }

  private after(ms: number, run: () => void): void {
    this.queue.push({ at: this.now + ms, run });
  }

  private send(step: Step, then: () => void, final = false): void {
    const { fan, kind, twice, unanswered } = step;
    const [, there, , back] = step.delays;
    const reservation = this.meant(step);
    if (needsReservation.has(kind) && !reservation) return then();
    if (kind === 'read-payment' && !reservation?.paymentId) return then();
    const key = kind.startsWith('read') ? null : `${fan}-${this.count(`key ${fan}`)}`;
    const other = key && `${key}-other`;
    const requests = twice === 'two-keys' ? [[key], [other]] : twice === 'one-key' ? [[key, key]] : [[key]];
    let open = requests.flat().length;
    const ended = () => {
      open -= 1;
      if (open === 0) then();
    };
    for (const repeats of requests) {
      const records = repeats.map((each) => this.recorder(step, each, askedBy(step, reservation), final));
      const tell = (outcome: Outcome | null) => {
        for (const [index, record] of records.entries()) {
          this.after(back + index, () => {
            record(outcome);
            ended();
          });
        }
      };
      if (unanswered) tell(null);
      if (unanswered === 'never') continue;
      this.after(there, () => this.perform(step, reservation, (outcome) => unanswered || tell(outcome)));
    }
  }

  /** One of those that the fan was told of. */
  private meant({ fan, which = 0 }: Step): Reservation | undefined {
    const told = this.operations.filter((one) => one.fan === fan && one.kind === 'hold' && one.status === 201);
    const id = told.at(-1 - (which % Math.max(1, told.length)))?.answer?.reservationId;
    return this.reservations.find(({ reservationId }) => reservationId === id);
  }

  private recorder({ fan, kind }: Step, key: string | null, request: Asked, final: boolean) {
    const seq = this.count(`seq ${fan}`);
    const invokedAt = this.now;
    return (outcome: Outcome | null) => {
      const completedAt = outcome && this.now;
      const attempts = [{ invokedAt, completedAt: this.now, status: outcome?.[0] ?? ('none' as const) }];
      const [status, answer] = outcome ?? [null, null];
      const operation = { fan, seq, kind, key, request, invokedAt, completedAt, attempts, status, answer };
      this.operations.push({ ...operation, ...(final && { final }) });
    };
  }

  private perform(step: Step, reservation: Reservation | undefined, decided: (outcome: Outcome) => void): void {
    const { fan, kind, amount = 0 } = step;
    const later = (run: () => void) => this.after(Math.max(1, step.delays[2]), run);
    switch (kind) {
      case 'top-up': {
        const { balanceAfter: balance, createdAt } = this.move(fan, 'TOP_UP', amount);
        return decided([
          201,
          { topUpId: `top-up-${this.count('top-up')}`, amount, balance: balance!, createdAt: createdAt! },
        ]);
      }
      case 'hold':
        return decided(this.hold(fan, seatIdsOf(step)));
      case 'pay':
        return this.pay(reservation!, step, later, decided);
      case 'cancel':
        return this.cancel(reservation!, later, decided);
      case 'read-wallet':
        return decided([200, { balance: this.balanceOf(fan) }]);
      case 'read-entries':
        return decided([200, { items: [...(this.entries.get(fan) ?? [])].reverse() }]);
      case 'read-reservations':
        return decided([
          200,
          { items: this.reservations.filter((one) => one.fan === fan).map((one) => this.shown(one)) },
        ]);
      case 'read-reservation':
        return decided([200, this.shown(reservation!)]);
      case 'read-payment':
        return decided([
          200,
          { paymentId: reservation!.paymentId, status: this.payments.get(reservation!.paymentId!)! },
        ]);
    }
  }

  private hold(fan: string, seatIds: readonly string[]): Outcome {
    const live = this.reservations.filter(({ heldUntil }) => heldUntil > this.now).flatMap((one) => one.seatIds);
    const lost = seatIds.filter((seatId) => live.includes(seatId));
    if (lost.length > 0) return [409, { code: 'ALREADY_RESERVED_SEAT', seatIds: lost }];
    const expiresAt = this.now + HOLD_MS;
    const facts = {
      fan,
      seatIds,
      amount: price * seatIds.length,
      createdAt: this.now,
      expiresAt,
      heldUntil: expiresAt,
    };
    const reservationId = `reservation-${this.count('reservation')}`;
    const reservation = { reservationId, ...facts, status: 'WAITING', paymentId: null, refundedAmount: 0 };
    this.reservations.push(reservation);
    return [201, this.shown(reservation)];
  }

  private pay(
    held: Reservation,
    step: Step,
    later: (run: () => void) => void,
    decided: (outcome: Outcome) => void,
  ): void {
    const { reservationId, amount, fan } = held;
    if (held.status === 'PAYING') return decided([409, { code: 'PAYMENT_IN_PROGRESS', paymentId: held.paymentId }]);
    const completed = (paymentId: string): Told => ({ paymentId, reservationId, status: 'COMPLETED', amount });
    if (held.status === 'CONFIRMED') return decided([200, completed(held.paymentId!)]);
    if (held.status.startsWith('CANCEL')) return decided([409, { code: 'RESERVATION_NOT_PAYABLE' }]);
    if (this.statusOf(held) === 'EXPIRED') return decided([410, { code: 'EXPIRED_RESERVATION', paymentId: null }]);
    const paymentId = `payment-${this.count('payment')}`;
    const ends = (payment: string, reservation: string, heldUntil: number) => {
      this.payments.set(paymentId, payment);
      Object.assign(held, { status: reservation, heldUntil });
    };
    held.paymentId = paymentId;
    ends('PROCESSING', 'PAYING', Math.max(held.heldUntil, this.now + DEADLINE_MS));
    later(() => {
      const balance = this.balanceOf(fan);
      if (balance < amount) {
        ends('REJECTED', 'WAITING', held.expiresAt);
        return decided([402, { code: 'NOT_ENOUGH_BALANCE', balance, amount, paymentId }]);
      }
      this.move(fan, 'DEBIT', amount, paymentId);
      later(() => {
        if (!step.losesSeats) {
          ends('COMPLETED', 'CONFIRMED', Infinity);
          return decided([201, completed(paymentId)]);
        }
        this.move(fan, 'REFUND', amount, paymentId);
        ends('COMPENSATED', 'EXPIRED', this.now);
        return decided([410, { code: 'EXPIRED_RESERVATION', paymentId }]);
      });
    });
  }

  private cancel(held: Reservation, later: (run: () => void) => void, decided: (outcome: Outcome) => void): void {
    const status = this.statusOf(held);
    if (status === 'CANCELLING') return later(() => this.cancel(held, later, decided));
    if (!['WAITING', 'CONFIRMED', 'CANCELLED'].includes(status))
      return decided([409, { code: 'RESERVATION_NOT_CANCELLABLE' }]);
    held.status = status === 'CONFIRMED' ? 'CANCELLING' : 'CANCELLED';
    later(() => {
      if (status === 'CONFIRMED') {
        this.move(held.fan, 'REFUND', held.amount, held.paymentId!);
        Object.assign(held, { refundedAmount: held.amount, status: 'CANCELLED' });
      }
      // Also when it was cancelled before: the answer says that the seats are free.
      held.heldUntil = Math.min(held.heldUntil, this.now);
      decided([200, this.shown(held)]);
    });
  }

  private move(fan: string, kind: string, amount: number, paymentId: string | null = null): Told {
    const balanceAfter = this.balanceOf(fan) + (kind === 'DEBIT' ? -amount : amount);
    const entryId = `entry-${this.count('entry')}`;
    const entry = { entryId, kind, amount, balanceAfter, paymentId, createdAt: this.written(this.now) };
    this.entries.set(fan, [...(this.entries.get(fan) ?? []), entry]);
    return entry;
  }

  private balanceOf(fan: string): number {
    return this.entries.get(fan)?.at(-1)?.balanceAfter ?? 0;
  }

  private statusOf({ status, expiresAt }: Reservation): string {
    return status === 'WAITING' && expiresAt <= this.now ? 'EXPIRED' : status;
  }

  private shown(one: Reservation): Told {
    const { reservationId, seatIds, amount, paymentId, refundedAmount } = one;
    const [createdAt, expiresAt] = [this.written(one.createdAt), this.written(one.expiresAt)];
    return {
      reservationId,
      status: this.statusOf(one),
      seatIds,
      amount,
      createdAt,
      expiresAt,
      paymentId,
      refundedAmount,
    };
  }

  private written(ms: number): string {
    return new Date(epoch + ms).toISOString();
  }

  private count(what: string): number {
    const count = this.counts.get(what) ?? 0;
    this.counts.set(what, count + 1);
    return count;
  }
}

const needsReservation = new Set<OperationKind>(['pay', 'cancel', 'read-reservation', 'read-payment']);
const seatIdsOf = ({ seats = [] }: Step) => seats.map((seat) => `seat-${seat}`);

function askedBy(step: Step, reservation: Reservation | undefined): Asked {
  const { reservationId, paymentId } = reservation ?? {};
  if (step.kind === 'top-up') return { amount: step.amount ?? 0 };
  if (step.kind === 'hold') return { scheduleId: 'schedule', seatIds: seatIdsOf(step) };
  if (step.kind === 'read-payment') return { paymentId: paymentId ?? '' };
  return needsReservation.has(step.kind) ? { reservationId: reservationId ?? '' } : {};
}
