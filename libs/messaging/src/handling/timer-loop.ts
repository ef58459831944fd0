import { Logger } from '@nestjs/common';
import type { DataSource } from 'typeorm';
import { newId } from '#service';
import { announce } from '../moments.js';
import { messageRow } from '../messages/outgoing.js';
import { type StoredRow, writeOutbox } from '../postgres/outbox.store.js';
import type { Publisher } from './publisher.js';
import type { Timer } from './timer.js';
import { inTransaction, type Transaction } from '../postgres/transaction.js';

/** How late a timer may be when another replica set it to an earlier time, ms. */
const lookAgainMs = 1_000;

/** Runs a service's timers in this replica, beside the same loop in every other one. */
export class TimerLoop {
  private readonly logger = new Logger(TimerLoop.name);
  private timeout: NodeJS.Timeout | undefined;
  private turning: Promise<void> = Promise.resolve();
  /** By the timer's name: none waits for another, however long that takes. */
  private readonly running = new Map<string, Promise<void>>();
  private stopped = false;
  /** Host time of the next look, ms. */
  private looksAt = 0;
  /** Host time of a look that was asked for during one, ms. */
  private askedFor = Infinity;
  private timers: readonly Timer[] = [];
  /** Timers whose last commands were committed and not published. */
  private readonly unpublished = new Set<string>();

  constructor(
    private readonly service: string,
    private readonly allTimers: () => readonly Timer[],
    private readonly dataSource: DataSource,
    private readonly publisher: Publisher,
  ) {}

  async start(): Promise<void> {
    await this.enter();
    if (this.timers.length > 0) this.schedule(0);
  }

  /** Runs once what is due, without the loop: for a test that has the time in its hand. Throws what a timer throws. */
  async lookNow(): Promise<void> {
    if (this.timers.length === 0) await this.enter();
    for (const timer of this.timers) await this.run(timer);
  }

  async stop(): Promise<void> {
    this.stopped = true;
    clearTimeout(this.timeout);
    await this.turning;
    await Promise.all(this.running.values());
  }

  /** A batch of this process has set a timer: no need to find that out later. */
  lookAt(at: Date): void {
    this.lookIn(Math.max(0, at.getTime() - Date.now()));
  }

  private lookIn(ms: number): void {
    const at = Date.now() + ms;
    if (!this.timeout) this.askedFor = Math.min(this.askedFor, at);
    else if (at < this.looksAt) this.schedule(ms);
  }

  private async enter(): Promise<void> {
    this.timers = this.allTimers();
    await this.dataSource.query('insert into timer (name) select unnest($1::text[]) on conflict do nothing', [
      this.timers.map((timer) => timer.name),
    ]);
  }

  private schedule(inMs: number): void {
    if (this.stopped) return;
    clearTimeout(this.timeout);
    this.looksAt = Math.min(Date.now() + inMs, this.askedFor);
    this.askedFor = Infinity;
    this.timeout = setTimeout(() => {
      this.timeout = undefined;
      this.turning = this.turn().then((waitMs) => this.schedule(waitMs));
    }, this.looksAt - Date.now());
  }

  /** Begins what is due and says how long to wait, ms. */
  private async turn(): Promise<number> {
    try {
      const due = await this.dataSource.query<{ name: string; in_ms: number }[]>(
        `select name, greatest(0, least($2, extract(epoch from due_at - clock_timestamp()) * 1000))::float8 as in_ms
         from timer where name = any($1)`,
        [this.timers.map((timer) => timer.name), lookAgainMs],
      );
      let wait = lookAgainMs;
      for (const timer of this.timers) {
        const inMs = due.find((row) => row.name === timer.name)?.in_ms ?? lookAgainMs;
        if (inMs > 0) wait = Math.min(wait, inMs);
        else if (!this.running.has(timer.name)) this.begin(timer);
      }
      return Math.ceil(wait);
    } catch (error) {
      this.logger.warn(`timers wait: ${String(error)}`);
      return lookAgainMs;
    }
  }

  private begin(timer: Timer): void {
    const run = this.tried(timer).then((waitMs) => {
      this.running.delete(timer.name);
      this.lookIn(waitMs);
    });
    this.running.set(timer.name, run);
  }

  /** A timer that fails waits; the others go on. */
  private async tried(timer: Timer): Promise<number> {
    try {
      return await this.run(timer);
    } catch (error) {
      this.logger.warn(`timer ${timer.name} waits: ${String(error)}`);
      return lookAgainMs;
    }
  }

  /** One run, unless another replica is at it or was first; returns ms until the next. */
  private async run(timer: Timer): Promise<number> {
    const lane = `timer:${timer.name}`;
    // While the broker is away nothing more is found: what is due stays due, and the outbox does not grow with every run.
    if (this.unpublished.has(lane)) await this.publisher.publishLane(lane);
    this.unpublished.delete(lane);
    // Already now: when the answer to a commit is lost, nobody knows whether there is something to publish.
    this.unpublished.add(lane);
    const { rows, waitMs } = await inTransaction(this.dataSource, (tx) => this.claim(timer, lane, tx));
    announce('timer.committed', { lane, count: rows.length });
    await this.publisher.publish(rows);
    this.unpublished.delete(lane);
    return waitMs;
  }

  private async claim(timer: Timer, lane: string, tx: Transaction): Promise<{ rows: StoredRow[]; waitMs: number }> {
    const [claimed] = await tx.query<{ due_at: Date; now: Date }>(
      `with claimed as materialized (select due_at from timer where name = $1 for update skip locked)
       select due_at, clock_timestamp()::timestamptz(3) as now from claimed where due_at <= clock_timestamp()`,
      [timer.name],
    );
    if (!claimed) return { rows: [], waitMs: lookAgainMs };
    tx.now = claimed.now;
    announce('timer.claimed', { lane, transaction: tx });
    const due = await timer.find(tx);
    await tx.query('update timer set due_at = $2 where name = $1', [timer.name, due.nextAt]);
    const context = { now: tx.now, newId };
    const rows = await writeOutbox(
      tx,
      due.send.map((outgoing) => ({ ...messageRow(this.service, context, outgoing, null, null), lane })),
    );
    return { rows, waitMs: Math.max(0, Math.min(lookAgainMs, due.nextAt.getTime() - tx.now.getTime())) };
  }
}
