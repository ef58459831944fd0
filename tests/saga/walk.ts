import { concert, reservation, topics, wallet } from '#contracts';
import { v7 as uuidv7 } from 'uuid';
import { Chance } from '../../tools/simulate/chance.js';
import type { InFlight } from './network.js';
import { type Asked, type Buyer, PRICE, type SagaWorld } from './saga-world.js';
import { steps } from './steps.js';

/** Few enough of each that they are always in each other's way. */
const USERS = 6;
const SEATS = 16;

/** What a timer, or the saga's own repeat, sends again: it may get lost, and so may the extension that nobody waits for. */
const mayBeLost = new Set<string>([
  ...steps.map(({ request }) => request),
  reservation.checkPayment.type,
  reservation.checkCancellation.type,
  reservation.expireReservation.type,
  concert.extendHold.type,
]);

/** Users who hold, pay and cancel as they like, on a network, with processes and at times as they please. */
export class Walk {
  /** How often each thing happened. */
  readonly counts = new Map<string, number>();
  private readonly chance: Chance;
  private readonly fans: Buyer[] = [];
  private readonly reservations: (Buyer & { readonly hold: Asked })[] = [];
  private readonly payments: Asked[] = [];
  private readonly seatIds: readonly string[];

  constructor(
    private readonly world: SagaWorld,
    seed: number,
  ) {
    this.chance = new Chance(seed);
    this.seatIds = world.freshSeats(SEATS);
  }

  async run(happenings: number): Promise<void> {
    for (let user = 0; user < USERS; user += 1) {
      const money = this.chance.of([1, 5, 12, 20])! * PRICE;
      this.fans.push(await this.world.aFan(`fan-${this.chance.id()}`, money));
    }
    for (let count = 0; count < happenings;) {
      const [name, happening] = this.chance.weighted(this.happenings);
      if (!(await happening())) continue;
      this.counts.set(name, (this.counts.get(name) ?? 0) + 1);
      count += 1;
    }
  }

  /** Each says whether there was something for it to happen to. */
  private readonly happenings: readonly (readonly [number, readonly [string, () => Promise<boolean> | boolean]])[] = [
    [9, ['a seat is asked for', () => this.hold()]],
    [9, ['a payment is asked for', () => this.pay()]],
    [2, ['a payment is asked for again', () => this.payAgain()]],
    [4, ['a cancellation is asked for', () => this.cancel()]],
    [1, ['money comes', () => this.topUp()]],
    [55, ['a message arrives', () => this.withOne((message) => this.world.network.deliver(message))]],
    [25, ['messages arrive together', () => this.deliverTogether()]],
    [8, ['a message arrives and will again', () => this.withOne((message) => this.double(message))]],
    [12, ['a message is lost', () => this.lose()]],
    [2, ['the database is lost', () => this.withOne((message) => this.disconnect(message))]],
    [2, ['a process dies', () => this.withOne((message) => this.die(message))]],
    [8, ['time passes, and the timers look', () => this.pass()]],
  ];

  private hold(): boolean {
    const fan = this.chance.of(this.fans)!;
    const reservationId = this.chance.id();
    const { concertId, scheduleId } = this.world;
    const seatIds = [...new Set([this.chance.of(this.seatIds)!, this.chance.of(this.seatIds)!])];
    const payload = { scheduleId, concertId, reservationId, userId: fan.userId, seatIds };
    this.reservations.push({ ...fan, reservationId, hold: this.world.send(concert.holdSeats, payload) });
    return true;
  }

  /** Most often what is held, as far as its client knows. */
  private pay(): boolean {
    const held = this.reservations.filter(({ hold }) => this.world.toldTo(hold)[0]?.kind === 'answered').slice(-4);
    const buyer = this.chance.of(this.chance.below(8) ? held : this.reservations);
    if (buyer) this.payments.push(this.world.pay(buyer, this.chance.id()));
    return buyer !== undefined;
  }

  /** The client repeats its request, with the same key. */
  private payAgain(): boolean {
    const before = this.chance.of(this.payments);
    if (before) this.world.sendAgain(before);
    return before !== undefined;
  }

  /** Most often what is paid, as far as its client knows. */
  private cancel(): boolean {
    const paid = this.payments.filter((payment) => this.world.toldTo(payment)[0]?.kind === 'answered');
    const keys = paid.map(({ message }) => message.key);
    const ofThem = this.reservations.filter(({ reservationId }) => keys.includes(reservationId));
    const buyer = this.chance.of(this.chance.below(4) ? ofThem : this.reservations);
    if (buyer) this.world.cancel(buyer);
    return buyer !== undefined;
  }

  private topUp(): boolean {
    this.world.send(wallet.topUp, { topUpId: uuidv7(), userId: this.chance.of(this.fans)!.userId, amount: PRICE });
    return true;
  }

  private async withOne(happening: (message: InFlight) => Promise<void>): Promise<boolean> {
    const message = this.chance.of(this.world.network.flying);
    if (message) await happening(message);
    return message !== undefined;
  }

  private async deliverTogether(): Promise<boolean> {
    const { flying } = this.world.network;
    const first = this.chance.of(flying);
    if (!first) return false;
    const same = flying.filter(({ topic, partition }) => topic === first.topic && partition === first.partition);
    await this.world.network.deliver(first, ...same.filter((message) => message !== first && this.chance.below(2)));
    return same.length > 1;
  }

  private async double(message: InFlight): Promise<void> {
    await this.world.network.deliver(message);
    this.world.network.put(message);
  }

  private lose(): boolean {
    const { network } = this.world;
    const message = this.chance.of(
      network.flying.filter(({ type, topic }) => mayBeLost.has(type) || topic === topics.paymentSagaReplies.name),
    );
    return message !== undefined && network.takeAway(message);
  }

  private async disconnect(message: InFlight): Promise<void> {
    for (const { handler } of this.world.network.groups(message)) handler.disconnects.add(message.id);
    await this.world.network.deliver(message);
  }

  private async die(message: InFlight): Promise<void> {
    this.world.network.dieAfter(message);
    await this.world.network.deliver(message);
  }

  /** And the timers look, which may find something or nothing. */
  private async pass(): Promise<boolean> {
    await this.world.clock.pass(this.chance.of([1, 6, 6, 31, 62, 62])!);
    await this.world.look();
    return true;
  }
}
