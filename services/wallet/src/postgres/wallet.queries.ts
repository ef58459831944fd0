import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { walletAccount } from '../domain/transfer.js';
import { EntryRow, WalletRow } from './entities.js';

/** What the HTTP queries read, outside any batch. */
@Injectable()
export class WalletQueries {
  constructor(private readonly dataSource: DataSource) {}

  /** Null for a user who never topped up. */
  find(userId: string): Promise<WalletRow | null> {
    return this.dataSource.getRepository(WalletRow).findOneBy({ userId });
  }

  /**
   * A wallet's entries with their transfers, newest first, below `before` (an entry's seq) where it is given. New entries
   * always have a higher seq, so that paging neither repeats nor skips one.
   */
  entries(userId: string, limit: number, before: bigint | null): Promise<EntryRow[]> {
    const query = this.dataSource
      .getRepository(EntryRow)
      .createQueryBuilder('entry')
      .innerJoinAndSelect('entry.transfer', 'transfer')
      // Said although every wallet entry has it: it is what lets the partial index serve.
      .where('entry.account = :account and entry.balanceAfter is not null', { account: walletAccount(userId) })
      .orderBy('entry.seq', 'DESC')
      .limit(limit);
    if (before !== null) query.andWhere('entry.seq < :before', { before: before.toString() });
    return query.getMany();
  }
}
