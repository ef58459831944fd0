import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { OperatorAct } from '../postgres/operator-log.store.js';
import type { ParkReason } from '../postgres/dead-letter.store.js';

/** A dead letter without its message. */
export interface LetterRow {
  readonly id: string;
  readonly consumer: string;
  readonly topic: string;
  readonly partition: number;
  readonly offset: bigint;
  readonly key: string | null;
  readonly messageId: string | null;
  readonly type: string | null;
  readonly subject: string | null;
  readonly attempts: number;
  readonly reason: ParkReason;
  readonly error: string;
  readonly parkedAt: Date;
  readonly replayedAt: Date | null;
}

export interface WholeLetterRow extends LetterRow {
  readonly headers: Readonly<Record<string, string>>;
  readonly payload: Buffer | null;
}

export type ActRow = OperatorAct & { readonly id: string; readonly at: Date };

const letterColumns = `id, consumer, topic, partition, "offset", key, message_id as "messageId", type, subject, attempts, reason,
  error, parked_at as "parkedAt", replayed_at as "replayedAt"`;

/** What operators look at, outside any batch. Lists are newest first: ids are UUIDv7 and sort by time. */
@Injectable()
export class OperationsQueries {
  constructor(private readonly dataSource: DataSource) {}

  /** Below the id `before`, and only replayed or unreplayed ones, where that is given. */
  letters(limit: number, before: string | null, replayed: boolean | null): Promise<LetterRow[]> {
    return this.dataSource.query(
      `select ${letterColumns} from dead_letter
       where ($2::uuid is null or id < $2) and ($3::boolean is null or (replayed_at is not null) = $3)
       order by id desc limit $1`,
      [limit, before, replayed],
    );
  }

  async letter(id: string): Promise<WholeLetterRow | null> {
    const [row] = await this.dataSource.query<WholeLetterRow[]>(
      `select ${letterColumns}, headers, payload from dead_letter where id = $1`,
      [id],
    );
    return row ?? null;
  }

  acts(limit: number, before: string | null): Promise<ActRow[]> {
    return this.dataSource.query(
      `select id, at, message_id as "messageId", operator, action, subject, reason, outcome from operator_log
       where $2::uuid is null or id < $2 order by id desc limit $1`,
      [limit, before],
    );
  }
}
