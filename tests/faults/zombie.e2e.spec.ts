import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import {
  aFan,
  type AFan,
  eventually,
  expectStatus,
  linkTo,
  promptSettings,
  rowsOf,
  startSystem,
  type System,
  type TcpLink,
} from '#testing';
import { settles } from './mistakes.js';

/** Enough that every lane of the wallet has several. */
const FANS = 24;

let system: System;
let link: TcpLink;
let fans: AFan[];

/**
 * Two wallet processes, each known to the database by its name, the first behind a link that can be frozen. Every write
 * of a lane is kept with the name of who wrote it: a batch cannot commit without one.
 */
beforeAll(async () => {
  system = await startSystem({ replicas: { wallet: 2 }, settings: promptSettings });
  const [first, second] = system.processes.wallet;
  const url = new URL(system.databaseUrl('wallet'));
  link = await linkTo(url.hostname, Number(url.port));
  const named = (name: string, port: string) => {
    const own = new URL(url);
    own.port = port;
    own.searchParams.set('application_name', name);
    return { DATABASE_URL: own.href };
  };
  await rows(`
    create table wallet.lane_write (
      seq bigint generated always as identity, lane text, epoch bigint, "offset" bigint, writer text
    );
    create function wallet.keep_lane_write() returns trigger language plpgsql security definer as $$
    begin
      insert into wallet.lane_write (lane, epoch, "offset", writer)
      values (new.name, new.epoch, new."offset", current_setting('application_name'));
      return null;
    end $$;
    create trigger lane_write after insert or update on wallet.lane
      for each row execute function wallet.keep_lane_write();`);
  await Promise.all([first!.restart(named('zombie', String(link.port))), second!.restart(named('survivor', url.port))]);
  fans = await Promise.all(Array.from({ length: FANS }, () => aFan(system)));
}, 120_000);

afterAll(async () => {
  await system.stop();
  await link.close();
});

const rows = <Row extends object>(sql: string, values: unknown[] = []) =>
  rowsOf<Row>(system.adminDatabaseUrl, sql, values);

/** How every lane was last written: by whom, under which epoch. */
const lanes = () =>
  rows<{ lane: string; epoch: bigint; offset: string; writer: string }>(
    `select distinct on (lane) lane, epoch, "offset", writer from wallet.lane_write where lane like 'wallet.commands/%'
     order by lane, seq desc`,
  );

const lanesOf = async (writer: string) => (await lanes()).filter((lane) => lane.writer === writer);

it('a wallet process that was paused past its session commits nothing for its lanes when it wakes', async () => {
  const load = new TopUps(fans);
  const [zombie] = system.processes.wallet;
  const bothOwn = async () => (await lanesOf('zombie')).length > 0 && (await lanesOf('survivor')).length > 0;
  await eventually(bothOwn, { within: 60_000 });
  const lost = await lanesOf('zombie');

  // Nothing is under way at the freeze: the next batch of each of its lanes stands before its transaction.
  link.freeze();
  load.start();
  await eventually(() => load.statuses.has(202));
  await zombie!.kill('SIGSTOP');
  const workedOn = (now: { lane: string; offset: string; writer: string }[]) =>
    lost.every(({ lane, offset }) =>
      now.some((each) => each.lane === lane && each.writer === 'survivor' && Number(each.offset) > Number(offset) + 2),
    );
  await eventually(async () => workedOn(await lanes()), { within: 60_000 });

  link.mend();
  await zombie!.kill('SIGCONT');
  // Alive again, it takes part as anybody: it owns lanes under epochs of its own.
  if (!zombie!.isRunning) await zombie!.restart();
  await zombie!.ready();
  await eventually(async () => (await lanesOf('zombie')).length > 0, { within: 30_000 });
  await load.stop();

  // Whoever raised an epoch is the only one who ever wrote under it.
  const shared = await rows(
    `select lane, epoch, array_agg(distinct writer) as writers from wallet.lane_write
     group by lane, epoch having count(distinct writer) > 1`,
  );
  expect(shared).toEqual([]);
  // It did try: its batches stood before their transactions when it fell asleep.
  expect(zombie!.output.text()).toContain('belongs to another process now');
  await settles(system);
});

it('every top-up sent meanwhile was answered or decided later, and booked once', async () => {
  const booked = await rows<{ account: string; count: number; total: number }>(
    `select account, count(*)::int as count, sum(amount)::int as total from wallet.entry
     where account like 'wallet:%' group by account`,
  );
  for (const { userId } of fans) {
    const { count, total } = TopUps.decided.get(userId)!;
    expect(count).toBeGreaterThan(0);
    expect(booked).toContainEqual({ account: `wallet:${userId}`, count, total });
  }
});

/** Fans who top up one after another, each repeating its request with the same key until it is decided. */
class TopUps {
  static readonly decided = new Map<string, { count: number; total: number }>();
  readonly statuses = new Set<number>();
  private going = true;
  private underWay: Promise<unknown> = Promise.resolve();

  constructor(private readonly of: readonly AFan[]) {}

  start(): void {
    this.underWay = Promise.all(this.of.map((fan) => this.keepToppingUp(fan)));
  }

  /** Resolves when every request is decided. */
  async stop(): Promise<void> {
    this.going = false;
    await this.underWay;
  }

  private async keepToppingUp({ userId, api }: AFan): Promise<void> {
    const sum = { count: 0, total: 0 };
    TopUps.decided.set(userId, sum);
    while (this.going) {
      const amount = 1 + (sum.count % 7);
      const key = { 'idempotency-key': randomUUID() };
      await eventually(
        async () => {
          const answer = await api.post('/v1/wallet/top-ups', { amount }, key);
          this.statuses.add(answer.status);
          expectStatus(answer, 201, 202, 503);
          return answer.status === 201;
        },
        { within: 60_000, every: 100 },
      );
      sum.count += 1;
      sum.total += amount;
    }
  }
}
