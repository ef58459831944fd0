import { concert, type MessageContract, type PayloadOf, queue, reply, reservation, topics, wallet } from '#contracts';
import { encodeHeaders, partitionOf } from '#messaging';
import { cloneDatabase, type TestDatabase } from '#testing';
import pg from 'pg';
import { v7 as uuidv7 } from 'uuid';
import { Clock } from './clock.js';
import { type InFlight, Network } from './network.js';
import { Services } from './services.js';

export const PRICE = 3_000;

/** What a client sent and waits for. */
export interface Asked {
  readonly correlationId: string;
  readonly message: InFlight;
}

/** What a client was told; `body` is empty but in answers. */
export interface Told {
  readonly kind: 'answered' | 'rejected' | 'parked';
  readonly code: string | null;
  readonly body: Readonly<Record<string, any>>;
}

/** One reservation and the one who pays it. */
export interface Buyer {
  readonly userId: string;
  readonly reservationId: string;
  readonly place: PayloadOf<typeof reservation.startPayment>['place'];
}

const kinds = { [reply.answered.type]: 'answered', [reply.rejected.type]: 'rejected', [reply.parked.type]: 'parked' };

/** The four services and their real tables; the network and the clock are the test's. One concert, with one date. */
export class SagaWorld {
  readonly network = new Network();
  readonly asked: Asked[] = [];
  readonly scheduleId = uuidv7();
  readonly concertId = uuidv7();
  /** What was found wrong, each once: for the test that did it, and not for all that follow. */
  readonly reported = new Set<string>();
  private seatIds: string[] = [];

  private constructor(
    private readonly database: TestDatabase,
    private readonly admin: pg.Client,
    /** May read every schema, and no more, at the time of the services. */
    readonly auditor: pg.Client,
    readonly clock: Clock,
  ) {}

  /** @param seats how many the concert has, each for PRICE */
  static async open(seats: number): Promise<SagaWorld> {
    const database = await cloneDatabase();
    const admin = new pg.Client({ connectionString: database.adminUrl });
    await admin.connect();
    // What a power cut would lose is of no interest here, and waiting for the disk is.
    await admin.query(`alter database ${database.name} set synchronous_commit = off`);
    const clock = await Clock.in(admin);
    const auditor = new pg.Client({ connectionString: Clock.urlOf(database.url('auditor'), 'public') });
    await auditor.connect();
    const world = new SagaWorld(database, admin, auditor, clock);
    world.network.services = await Services.on(database, (rows) => world.network.take(rows));
    await world.createConcert(seats);
    return world;
  }

  async close(): Promise<void> {
    await this.network.services.stop();
    await Promise.all([this.admin.end(), this.auditor.end()]);
    await this.database.drop();
  }

  async rows<Row extends pg.QueryResultRow>(sql: string, values: readonly unknown[] = []): Promise<Row[]> {
    return (await this.admin.query<Row>(sql, [...values])).rows;
  }

  /** A client's command goes out. */
  send<C extends MessageContract>(contract: C, payload: PayloadOf<C>): Asked {
    const id = uuidv7();
    const { name: topic, partitions } = contract.topic;
    const key = contract.key(payload);
    const partition = partitionOf(key, partitions);
    const [type, subject] = [contract.type, contract.subject(payload)];
    const headers = encodeHeaders({ id, type, source: 'client', subject, time: new Date().toISOString(), ...asker() });
    return this.ask({ id, type, topic, partition, key, headers, payload: JSON.stringify(payload) });
  }

  /** The client has not heard, and sends the same message again: another request, with the same id. */
  sendAgain({ message }: Asked): Asked {
    const { correlationId } = asker();
    return this.ask({ ...message, headers: { ...message.headers, correlationid: correlationId } });
  }

  /** Every answer to it so far. */
  toldTo({ correlationId }: Asked): Told[] {
    return (this.network.toClients.get(correlationId) ?? []).map(({ type, payload }) => {
      const { body = {}, code = null } = JSON.parse(payload) as { body?: Told['body']; code?: string };
      return { kind: kinds[type as keyof typeof kinds] as Told['kind'], code, body };
    });
  }

  /** Delivers what flies, in order, until it is answered. */
  async answered(asked: Asked): Promise<Told> {
    for (let count = 0; this.toldTo(asked).length === 0; count += 1) {
      const [next] = this.network.flying;
      if (!next || count > 100) throw new Error(`${asked.message.type} is not answered`);
      await this.network.deliver(next);
    }
    return this.toldTo(asked)[0]!;
  }

  /** Sends, and sees it done; for what goes before a test. */
  async done<C extends MessageContract>(contract: C, payload: PayloadOf<C>): Promise<Told> {
    const told = await this.answered(this.send(contract, payload));
    if (told.kind !== 'answered') throw new Error(`${contract.type} is ${told.code ?? told.kind}`);
    return told;
  }

  /** Sends, and it alone arrives. */
  async decided<C extends MessageContract>(contract: C, payload: PayloadOf<C>): Promise<Told> {
    const asked = this.send(contract, payload);
    await this.network.deliver(asked.message);
    const [told] = this.toldTo(asked);
    if (!told) throw new Error(`${contract.type} is not decided at once`);
    return told;
  }

  /** Everything that flies arrives, and what that leads to, in order. */
  async deliverAll(): Promise<void> {
    for (let count = 0; this.network.flying[0]; count += 1) {
      if (count > 5_000) throw new Error('the messages do not end');
      await this.network.deliver(this.network.flying[0]);
    }
  }

  /** A user with money, in line; the reservation is yet to be made. */
  async aFan(userId = `fan-${uuidv7()}`, money = PRICE + 1_000): Promise<Buyer> {
    if (money > 0) await this.done(wallet.topUp, { topUpId: uuidv7(), userId, amount: money });
    const { concertId } = this;
    const { body } = await this.done(queue.joinQueue, { concertId, userId, tokenId: uuidv7() });
    const place = { concertId, generation: body.generation, queueNumber: body.queueNumber, tokenId: body.tokenId };
    return { userId, reservationId: uuidv7(), place };
  }

  /** A fan who holds a seat. */
  async aBuyer(userId?: string, money?: number): Promise<Buyer> {
    const buyer = await this.aFan(userId, money);
    const { concertId, scheduleId } = this;
    const hold = { scheduleId, concertId, reservationId: buyer.reservationId, userId: buyer.userId };
    await this.done(concert.holdSeats, { ...hold, seatIds: this.freshSeats(1) });
    return buyer;
  }

  /** Seats that nobody has asked for. */
  freshSeats(count: number): string[] {
    return this.seatIds.splice(0, count);
  }

  pay({ reservationId, userId, place }: Buyer, paymentId = uuidv7()): Asked {
    return this.send(reservation.startPayment, { reservationId, paymentId, userId, place });
  }

  cancel({ reservationId, userId }: Pick<Buyer, 'reservationId' | 'userId'>): Asked {
    return this.send(reservation.cancelReservation, { reservationId, userId });
  }

  /** The reservation service's timers look, all that are due; what they find flies. */
  async look(): Promise<void> {
    await this.network.services.runtimes.get('reservation')!.timers.lookNow();
  }

  /** Every message arrives from now on and the timers look, until no saga can move by itself. */
  async settle(): Promise<void> {
    for (let round = 0; round < 60; round += 1) {
      await this.deliverAll();
      const [{ open } = { open: 0 }] = await this.rows<{ open: number }>(
        `select (select count(*) from reservation.payment where finished_at is null and stuck_reason is null)::int
              + (select count(*) from reservation.cancellation where finished_at is null and stuck_reason is null)::int
              as open`,
      );
      if (open === 0) return;
      await this.clock.pass(20);
      await this.look();
    }
    throw new Error('never settles');
  }

  /** Then holds that nobody pays end, so that nothing is due when the next test begins. */
  async endHolds(): Promise<void> {
    await this.clock.pass(600);
    await this.look();
    await this.deliverAll();
  }

  private ask(message: InFlight): Asked {
    const asked = { correlationId: message.headers['correlationid']!, message };
    this.asked.push(asked);
    this.network.put(message);
    return asked;
  }

  private async createConcert(seats: number): Promise<void> {
    const { concertId, scheduleId } = this;
    const names = { title: 'Orchids', artist: null, venue: null, timeZone: 'Asia/Seoul' };
    await this.done(concert.createConcert, { concertId, ...names, salesOpenAt: null, salesCloseAt: null });
    const startsAt = new Date(Date.now() + 90 * 24 * 3_600_000).toISOString();
    const blocks = [{ section: 'A', rows: Math.ceil(seats / 100), seatsPerRow: 100, price: PRICE }];
    await this.done(concert.createSchedule, { scheduleId, concertId, startsAt, blocks });
    const found = await this.rows<{ id: string }>('select id from concert.seat order by position');
    this.seatIds = found.map(({ id }) => id);
  }
}

const asker = () => ({ correlationId: uuidv7(), replyTo: `${topics.gatewayReplies.name}/0/client` });
