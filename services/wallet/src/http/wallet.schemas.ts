import { z } from 'zod';
import { userId } from '#contracts';
import { cursorTo, limit, pageOf } from '#service';
import type { EntryRow, WalletRow } from '../postgres/entities.js';

export const walletQuery = z.object({ userId });

/** The seq of the last entry shown. */
const position = z
  .string()
  .regex(/^[1-9]\d{0,17}$/)
  .transform(BigInt);

export const entriesQuery = z.object({ userId, limit, cursor: cursorTo(position).optional() });
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

/** `rows` has one more than `size` when there is a next page. */
export function entriesBody(rows: readonly EntryRow[], size: number): EntriesBody {
  const { items, nextCursor } = pageOf(rows, size, ({ seq }) => String(seq));
  return { items: items.map(entryBody), nextCursor };
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
