import { z } from 'zod';
import { userId } from '#contracts';
import type { EntryRow, WalletRow } from '../postgres/entities.js';
import { cursor, encodeCursor, limit } from './page.js';

export const walletQuery = z.object({ userId });

export const entriesQuery = z.object({ userId, limit, cursor: cursor.optional() });
export type EntriesQuery = z.output<typeof entriesQuery>;

export interface WalletBody {
  readonly userId: string;
  readonly balance: number;
  readonly currency: string;
  readonly updatedAt: string | null;
}

/** A user never seen has nothing, since never. */
export function walletBody(userId: string, row: WalletRow | null, currency: string): WalletBody {
  return { userId, balance: Number(row?.balance ?? 0n), currency, updatedAt: row?.updatedAt.toISOString() ?? null };
}

export interface EntryBody {
  readonly entryId: string;
  readonly kind: 'TOP_UP' | 'DEBIT' | 'REFUND';
  /** Always positive: `kind` says the direction. */
  readonly amount: number;
  readonly balanceAfter: number;
  readonly paymentId: string | null;
  readonly createdAt: string;
}

export interface EntriesBody {
  readonly items: readonly EntryBody[];
  readonly nextCursor: string | null;
}

/** `rows` has one more than `limit` when there is a next page. */
export function entriesBody(rows: readonly EntryRow[], limit: number): EntriesBody {
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  return {
    items: shown.map(entryBody),
    nextCursor: rows.length > limit && last !== undefined ? encodeCursor(last.seq) : null,
  };
}

function entryBody({ id, amount, balanceAfter, transfer }: EntryRow): EntryBody {
  return {
    entryId: id,
    kind: transfer.kind,
    amount: Math.abs(Number(amount)),
    balanceAfter: Number(balanceAfter),
    paymentId: transfer.paymentId,
    createdAt: transfer.createdAt.toISOString(),
  };
}
