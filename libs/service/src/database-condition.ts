import { Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { type Condition, Health } from './health.js';

const lookEveryMs = 2_000;
/** One look that was late, and no more. */
const silentAfterMs = 4_000;

/**
 * Whether the database answers, asked all the time: a service with nothing to do would not know, and one whose queries hang
 * would wait for them to end.
 */
@Injectable()
export class DatabaseCondition implements OnApplicationBootstrap, OnModuleDestroy {
  private answeredAt = Date.now();
  private looking = false;
  private looks: NodeJS.Timeout | undefined;

  constructor(
    private readonly dataSource: DataSource,
    health: Health,
  ) {
    health.register('database', () => this.condition());
  }

  onApplicationBootstrap(): void {
    this.looks = setInterval(() => void this.look(), lookEveryMs);
  }

  onModuleDestroy(): void {
    clearInterval(this.looks);
  }

  private async look(): Promise<void> {
    // One that hangs is enough.
    if (this.looking) return;
    this.looking = true;
    try {
      await this.dataSource.query('select 1');
      this.answeredAt = Date.now();
    } catch {
      // The silence says it.
    } finally {
      this.looking = false;
    }
  }

  private condition(): Condition {
    const answers = Date.now() - this.answeredAt < silentAfterMs;
    return { live: true, ready: answers, ...(answers ? {} : { detail: 'the database does not answer' }) };
  }
}
