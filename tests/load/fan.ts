import { setTimeout as pause } from 'node:timers/promises';
import type { Answer } from '#testing';
import type { Caller, Ended, Wanted } from './caller.js';
import type { Operation } from './history.js';
import type { Plan } from './plan.js';
import type { Visit } from './visit.js';

export interface FanOptions {
  readonly userId: string;
  readonly scheduleIds: readonly string[];
  /** Minor units of one seat. */
  readonly price: number;
  /** Longest time for a whole request, ms. */
  readonly requestMs: number;
  readonly isOver: () => boolean;
}

/** Of a hold that lasts longer than this the end is not waited for, ms. */
const WAIT_FOR_END_MS = 10_000;
/** More paid reservations than this, and the oldest is given back: the load never runs out of seats. */
const KEPT = 3;

/** One fan: rounds of buying, each command under a key of its own. Once it is over, nothing new is begun. */
export class Fan {
  private commands = 0;
  private readonly owned: string[] = [];

  constructor(
    private readonly caller: Caller,
    private readonly visit: Visit,
    private readonly options: FanOptions,
  ) {}

  async round(plan: Plan): Promise<void> {
    if (plan.topUp > 0 && !this.isOver) await this.topUp(plan, plan.topUp);
    if (!(await this.visit.enter(this.isWanted))) return;
    const seatIds = await this.choose(plan);
    if (seatIds.length === 0 || this.isOver) return;
    const asked = { scheduleId: this.options.scheduleIds[plan.schedule]!, seatIds };
    const held = await this.command('hold', '/v1/reservations', asked, { body: asked, ...cut(plan, 'hold') });
    if (held.answer?.body?.code === 'TICKET_LIMIT_EXCEEDED') await this.giveBackOldest(plan);
    if (held.operation.status !== 201) return;
    await this.end(plan, held.answer!.body);
    if (this.owned.length > KEPT) await this.giveBackOldest(plan);
  }

  /** All that the system says of the fan; once everything is decided. */
  async readAll(): Promise<void> {
    await this.read({ kind: 'read-wallet', path: '/v1/wallet', final: true });
    await this.readList({ kind: 'read-entries', path: '/v1/wallet/entries?limit=100', final: true });
    await this.readList({ kind: 'read-reservations', path: '/v1/reservations?limit=100', final: true });
  }

  /** Each page is an operation of its own, in their order. */
  private async readList(list: Parameters<Fan['read']>[0]): Promise<void> {
    let cursor: string | null = '';
    while (cursor !== null) {
      const { answer } = await this.read({ ...list, path: `${list.path}${cursor && `&cursor=${cursor}`}` });
      cursor = answer?.body?.nextCursor ?? null;
    }
  }

  private get isOver(): boolean {
    return this.options.isOver();
  }

  private readonly isWanted = () => !this.options.isOver();

  /** A window of seats: where others look too, or somewhere of its own. */
  private async choose({ schedule, among, seats, from }: Plan): Promise<string[]> {
    const all = await this.visit.seats(this.options.scheduleIds[schedule]!, among, this.isWanted);
    const start = all.length === 0 ? 0 : from % all.length;
    return all.slice(start, start + seats);
  }

  private async end(plan: Plan, held: { reservationId: string; expiresInSeconds: number }): Promise<void> {
    if (this.isOver) return;
    const { reservationId } = held;
    const endsSoon = held.expiresInSeconds * 1_000 <= WAIT_FOR_END_MS;
    switch (plan.ending) {
      case 'pay':
        return this.settle(plan, reservationId, [this.pay(plan, reservationId)]);
      case 'pay-twice-with-one-key': {
        const key = this.nextKey();
        return this.settle(plan, reservationId, [
          this.pay(plan, reservationId, key),
          this.pay(plan, reservationId, key),
        ]);
      }
      case 'pay-with-two-keys':
        return this.settle(plan, reservationId, [this.pay(plan, reservationId), this.pay(plan, reservationId)]);
      case 'pay-and-top-up': {
        const topUp = this.topUp(plan, 1);
        await this.settle(plan, reservationId, [this.pay(plan, reservationId)]);
        return topUp;
      }
      case 'pay-and-cancel':
        await this.settle(plan, reservationId, [this.pay(plan, reservationId)]);
        if (this.owned.at(-1) === reservationId) await this.cancel(plan, this.owned.pop()!);
        return;
      case 'cancel':
        return this.cancel(plan, reservationId);
      case 'let-expire':
        return endsSoon ? this.letExpire(plan, reservationId, held.expiresInSeconds) : this.cancel(plan, reservationId);
    }
  }

  /** Waits for payments of one reservation, and looks at what they came to. */
  private async settle(plan: Plan, reservationId: string, payments: Promise<Ended>[]): Promise<void> {
    const ended = (await Promise.all(payments)).map(({ operation }) => operation);
    await this.look(reservationId);
    const paid = ended.find(isPaid);
    if (paid) {
      this.owned.push(reservationId);
      this.visit.leaveBehind();
      await this.read({
        kind: 'read-payment',
        path: `/v1/payments/${paid.answer!.paymentId}`,
        asked: { paymentId: paid.answer!.paymentId! },
      });
    } else if (plan.persists && !this.isOver && ended.every(({ status }) => status === 402)) {
      await this.topUp(plan, plan.seats);
      if (!this.isOver) await this.settle({ ...plan, persists: false }, reservationId, [this.pay(plan, reservationId)]);
    } else if (!this.isOver && ended.every(({ status }) => status === 402)) {
      await this.cancel(plan, reservationId);
    }
  }

  private async letExpire(plan: Plan, reservationId: string, seconds: number): Promise<void> {
    const end = performance.now() + seconds * 1_000;
    while (performance.now() < end && !this.isOver) await pause(100);
    if (this.isOver) return;
    await this.look(reservationId);
    if (plan.persists) await this.settle({ ...plan, persists: false }, reservationId, [this.pay(plan, reservationId)]);
  }

  private async look(reservationId: string): Promise<void> {
    const asked = { reservationId };
    await this.read({ kind: 'read-reservation', path: `/v1/reservations/${reservationId}`, asked });
    await this.read({ kind: 'read-wallet', path: '/v1/wallet' });
  }

  private async giveBackOldest(plan: Plan): Promise<void> {
    const oldest = this.owned.shift();
    if (oldest && !this.isOver) await this.cancel(plan, oldest);
  }

  /** The amount is no other top-up's of this fan, so that it names its operation in the wallet's entries. */
  private async topUp(plan: Plan, seats: number): Promise<void> {
    const amount = Math.ceil(seats * this.options.price) + this.commands + 1;
    await this.command('top-up', '/v1/wallet/top-ups', { amount }, { body: { amount }, ...cut(plan, 'top-up') });
    await this.read({ kind: 'read-wallet', path: '/v1/wallet' });
  }

  private pay(plan: Plan, reservationId: string, key?: string): Promise<Ended> {
    const path = `/v1/reservations/${reservationId}/payment`;
    return this.command('pay', path, { reservationId }, { ...cut(plan, 'pay'), ...(key !== undefined && { key }) });
  }

  private async cancel(plan: Plan, reservationId: string): Promise<void> {
    if (this.isOver) return;
    const path = `/v1/reservations/${reservationId}/cancel`;
    await this.command('cancel', path, { reservationId }, cut(plan, 'cancel'));
    await this.look(reservationId);
  }

  private command(
    kind: 'top-up' | 'hold' | 'pay' | 'cancel',
    path: string,
    asked: Wanted['asked'],
    more: Pick<Wanted, 'body' | 'key' | 'cutAfterMs'>,
  ): Promise<Ended> {
    const wanted = { kind, method: 'POST', path, asked, headers: this.visit.headers, key: this.nextKey(), ...more };
    return this.caller.untilDecided(wanted as Wanted, (answer) => this.newPass(answer));
  }

  /** The pass ended, or another payment spent it, before the command was decided: the same key with a new pass. */
  private async newPass(_refused: Answer) {
    this.visit.leaveBehind();
    const end = performance.now() + this.options.requestMs;
    await this.visit.enter(() => performance.now() < end);
    return this.visit.headers;
  }

  private read(wanted: Omit<Wanted, 'method' | 'asked'> & Partial<Pick<Wanted, 'asked'>>): Promise<Ended> {
    return this.caller.untilDecided({ method: 'GET', asked: {}, headers: this.visit.headers, ...wanted });
  }

  private nextKey(): string {
    return `${this.options.userId}-${++this.commands}`;
  }
}

function cut(plan: Plan, command: NonNullable<Plan['cut']>['command']) {
  return plan.cut?.command === command ? { cutAfterMs: plan.cut.afterMs } : {};
}

function isPaid({ status, answer }: Operation): boolean {
  return (status === 201 || status === 200) && answer?.status === 'COMPLETED';
}
