import { Logger } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import type { DataSource } from 'typeorm';
import { messageRow } from './outgoing.js';
import { type StoredRow, writeOutbox } from './outbox.store.js';
import type { Publisher } from './publisher.js';
import type { Timer } from './timer.js';
import { inTransaction, type Transaction } from './transaction.js';

/** How late a timer may be when another replica set it to an earlier time, ms. */
const lookAgainMs = 1_000;

/** Runs a service's timers in this replica, beside the same loop in every other one. */
export class TimerLoop {
  private readonly logger = new Logger(TimerLoop.name);
  private timeout: NodeJS.Timeout | undefined;
  private running: Promise<void> = Promise.resolve();
  private stopped = false;
  /** Host time of the next look, ms. */
  private looksAt = 0;
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
    this.timers = this.allTimers();
    if (this.timers.length === 0) return;
    await this.dataSource.query('insert into timer (name) select unnest($1::text[]) on conflict do nothing', [
      this.timers.map((timer) => timer.name),
    ]);
    this.schedule(0);
  }

  async stop(): Promise<void> {
    this.stopped = true;
    clearTimeout(this.timeout);
    await this.running;
  }

  /** A batch of this process has set a timer: no need to find that out later. */
  lookAt(at: Date): void {
    const inMs = Math.max(0, at.getTime() - Date.now());
    if (this.timeout && Date.now() + inMs < this.looksAt) this.schedule(inMs);
  }

  private schedule(inMs: number): void {
    if (this.stopped) return;
    clearTimeout(this.timeout);
    this.looksAt = Date.now() + inMs;
    this.timeout = setTimeout(() => {
      this.timeout = undefined;
      this.running = this.turn().then((waitMs) => this.schedule(waitMs));
    }, inMs);
  }

  /** Runs what is due and says how long to wait, ms. */
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
        wait = Math.min(wait, inMs > 0 ? inMs : await this.tried(timer));
      }
      return Math.ceil(wait);
    } catch (error) {
      this.logger.warn(`timers wait: ${String(error)}`);
      return lookAgainMs;
    }
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
    const { rows, waitMs } = await inTransaction(this.dataSource, (tx) => this.claim(timer, lane, tx));
    this.unpublished.add(lane);
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
    const due = await timer.find(tx);
    await tx.query('update timer set due_at = $2 where name = $1', [timer.name, due.nextAt]);
    const context = { now: tx.now, newId: () => uuidv7() };
    const rows = await writeOutbox(
      tx,
      lane,
      due.send.map((outgoing) => messageRow(this.service, context, outgoing, null, null)),
    );
    return { rows, waitMs: Math.max(0, Math.min(lookAgainMs, due.nextAt.getTime() - tx.now.getTime())) };
  }
}
