import { Inject } from '@nestjs/common';
import { type Rejection, topics, wallet } from '#contracts';
import {
  answer,
  BatchHandler,
  type Context,
  type Decision,
  type Handler,
  type MessageOf,
  reject,
  type Transaction,
} from '#messaging';
import { SETTINGS } from '#service';
import type { WalletSettings } from '../config.js';
import { debit, type Movement } from '../domain/debit.js';
import type { BookedTopUp, Ledger } from '../domain/ledger.js';
import { refund } from '../domain/refund.js';
import { topUp } from '../domain/top-up.js';
import { LedgerStore } from '../postgres/ledger.store.js';

export const walletCommands = [wallet.topUp, wallet.debit, wallet.refund] as const;
export type WalletCommand = MessageOf<typeof walletCommands>;

/** Whatever overtakes a parked command is safe: barriers and top-up ids make each command's effect independent of order. */
@BatchHandler({ topic: topics.walletCommands, accepts: walletCommands, parkBehind: false })
export class WalletHandler implements Handler<Ledger, WalletCommand> {
  constructor(
    private readonly ledgers: LedgerStore,
    @Inject(SETTINGS) private readonly settings: Pick<WalletSettings, 'CURRENCY' | 'WALLET_MAX_BALANCE'>,
  ) {}

  load(messages: readonly WalletCommand[], tx: Transaction): Promise<Ledger> {
    return this.ledgers.lock(messages, tx);
  }

  decide(ledger: Ledger, message: WalletCommand, context: Context): Decision {
    switch (message.type) {
      case 'wallet.TopUp.v1': {
        const command = { ...message.payload, amount: BigInt(message.payload.amount) };
        const maxBalance = BigInt(this.settings.WALLET_MAX_BALANCE);
        return decided(topUp(ledger, command, maxBalance, context), (booked) => this.topUpBody(booked));
      }
      case 'wallet.Debit.v1':
        return decided(
          debit(ledger, { ...message.payload, amount: BigInt(message.payload.amount) }, context),
          movementBody,
        );
      case 'wallet.Refund.v1':
        return decided(refund(ledger, message.payload, context), movementBody);
    }
  }

  save(ledger: Ledger, tx: Transaction): Promise<void> {
    return this.ledgers.saveChanged(ledger, tx);
  }

  private topUpBody({ topUpId, amount, balance, createdAt }: BookedTopUp): wallet.TopUpAnswer {
    return {
      topUpId,
      amount: Number(amount),
      balance: Number(balance),
      currency: this.settings.CURRENCY,
      createdAt: createdAt.toISOString(),
    };
  }
}

function movementBody({ paymentId, moved, balance }: Movement): wallet.MovementAnswer {
  return { paymentId, moved: Number(moved), balance: Number(balance) };
}

function decided<Result extends object>(
  result: Result | Rejection,
  body: (result: Result) => Readonly<Record<string, unknown>>,
): Decision {
  return { outcome: isRejection(result) ? reject(result) : answer(body(result)) };
}

function isRejection(result: object): result is Rejection {
  return 'code' in result;
}
