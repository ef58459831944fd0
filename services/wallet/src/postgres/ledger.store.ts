import { Injectable } from '@nestjs/common';
import type { Transaction } from '#messaging';
import type { Barrier } from '../domain/barrier.js';
import { type BookedTopUp, Ledger } from '../domain/ledger.js';
import type { Transfer } from '../domain/transfer.js';
import { Wallet } from '../domain/wallet.js';

/** What of a command decides which rows it touches. */
export interface Touching {
  readonly payload: { readonly userId: string; readonly paymentId?: string; readonly topUpId?: string };
}

/** The ledger on the message path: one statement for each table, however many commands a batch has. */
@Injectable()
export class LedgerStore {
  /** Locks the wallets; what hangs on them is read after the lock, so that it is complete. */
  async lock(commands: readonly Touching[], tx: Transaction): Promise<Ledger> {
    const [wallets, barriers, topUps] = await Promise.all([
      this.lockWallets(distinct(commands.map(({ payload }) => payload.userId)), tx),
      this.readBarriers(distinct(commands.map(({ payload }) => payload.paymentId)), tx),
      this.readTopUps(distinct(commands.map(({ payload }) => payload.topUpId)), tx),
    ]);
    return new Ledger({ wallets, barriers, topUps });
  }

  async saveChanged(ledger: Ledger, tx: Transaction): Promise<void> {
    const [stored, fresh] = [true, false].map((is) => ledger.changedWallets.filter((wallet) => wallet.stored === is));
    await Promise.all([
      stored!.length > 0 && this.updateWallets(stored!, tx),
      fresh!.length > 0 && this.insertWallets(fresh!, tx),
      ledger.newTransfers.length > 0 && this.insertTransfers(ledger.newTransfers, tx),
      ledger.newBarriers.length > 0 && this.insertBarriers(ledger.newBarriers, tx),
    ]);
  }

  /** In user order, so that two batches never wait for each other in a circle. */
  private async lockWallets(userIds: readonly string[], tx: Transaction): Promise<Wallet[]> {
    if (userIds.length === 0) return [];
    const rows = await tx.query<{ user_id: string; balance: bigint }>(
      `select user_id, balance from wallet where user_id = any($1::text[]) order by user_id for update`,
      [userIds],
    );
    return rows.map((row) => Wallet.stored(row.user_id, row.balance));
  }

  /** Not locked: a barrier never changes, and only who holds the wallet adds one. */
  private async readBarriers(paymentIds: readonly string[], tx: Transaction): Promise<Barrier[]> {
    if (paymentIds.length === 0) return [];
    return tx.query<BarrierRow>(
      `select payment_id as "paymentId", operation, user_id as "userId", asked, moved, result, balance
       from barrier where payment_id = any($1::uuid[])`,
      [paymentIds],
    );
  }

  /** Found only on a repeat under another message id: the inbox answers the others. */
  private async readTopUps(topUpIds: readonly string[], tx: Transaction): Promise<BookedTopUp[]> {
    if (topUpIds.length === 0) return [];
    return tx.query<TopUpRow>(
      `select t.top_up_id as "topUpId", substr(e.account, 8) as "userId", e.amount,
              e.balance_after as balance, t.created_at as "createdAt"
       from transfer t join entry e on e.transfer_id = t.id and e.balance_after is not null
       where t.top_up_id = any($1::uuid[])`,
      [topUpIds],
    );
  }

  private async updateWallets(wallets: readonly Wallet[], tx: Transaction): Promise<void> {
    await tx.query(
      `update wallet w set balance = changed.balance, updated_at = $3
       from unnest($1::text[], $2::bigint[]) as changed (user_id, balance)
       where w.user_id = changed.user_id`,
      [wallets.map((wallet) => wallet.userId), wallets.map((wallet) => wallet.balance), tx.now],
    );
  }

  /** A plain insert: a wallet that another writer has made meanwhile must fail the batch, never be overwritten. */
  private async insertWallets(wallets: readonly Wallet[], tx: Transaction): Promise<void> {
    await tx.query(
      `insert into wallet (user_id, balance, updated_at)
       select user_id, balance, $3 from unnest($1::text[], $2::bigint[]) as made (user_id, balance) order by user_id`,
      [wallets.map((wallet) => wallet.userId), wallets.map((wallet) => wallet.balance), tx.now],
    );
  }

  /** Transfers and their entries in one statement; `ordinality` keeps the order of decision in `seq`. */
  private async insertTransfers(transfers: readonly Transfer[], tx: Transaction): Promise<void> {
    const entries = transfers.flatMap((transfer) =>
      transfer.entries.map((entry) => ({ ...entry, transfer: transfer.id })),
    );
    await tx.query(
      `with moved as (
         insert into transfer (id, kind, top_up_id, payment_id, created_at)
         select * from unnest($1::uuid[], $2::text[], $3::uuid[], $4::uuid[], $5::timestamptz[])
       )
       insert into entry (id, transfer_id, account, amount, balance_after)
       select id, transfer_id, account, amount, balance_after
       from unnest($6::uuid[], $7::uuid[], $8::text[], $9::bigint[], $10::bigint[])
         with ordinality as e (id, transfer_id, account, amount, balance_after, position)
       order by position`,
      [
        transfers.map((transfer) => transfer.id),
        transfers.map((transfer) => transfer.kind),
        transfers.map((transfer) => transfer.cause.topUpId),
        transfers.map((transfer) => transfer.cause.paymentId),
        transfers.map((transfer) => transfer.createdAt),
        entries.map((entry) => entry.id),
        entries.map((entry) => entry.transfer),
        entries.map((entry) => entry.account),
        entries.map((entry) => entry.amount),
        entries.map((entry) => entry.balanceAfter),
      ],
    );
  }

  private async insertBarriers(barriers: readonly Barrier[], tx: Transaction): Promise<void> {
    await tx.query(
      `insert into barrier (payment_id, operation, user_id, asked, moved, result, balance, created_at)
       select payment_id, operation, user_id, asked, moved, result, balance, $8
       from unnest($1::uuid[], $2::text[], $3::text[], $4::bigint[], $5::bigint[], $6::text[], $7::bigint[])
         as b (payment_id, operation, user_id, asked, moved, result, balance)`,
      [
        barriers.map((barrier) => barrier.paymentId),
        barriers.map((barrier) => barrier.operation),
        barriers.map((barrier) => barrier.userId),
        barriers.map((barrier) => barrier.asked),
        barriers.map((barrier) => barrier.moved),
        barriers.map((barrier) => barrier.result),
        barriers.map((barrier) => barrier.balance),
        tx.now,
      ],
    );
  }
}

/** As selected: its columns are named as the domain's members. */
type BarrierRow = { -readonly [Member in keyof Barrier]: Barrier[Member] };
type TopUpRow = { -readonly [Member in keyof BookedTopUp]: BookedTopUp[Member] };

function distinct(values: readonly (string | undefined)[]): string[] {
  return [...new Set(values.filter((value) => value !== undefined))];
}
