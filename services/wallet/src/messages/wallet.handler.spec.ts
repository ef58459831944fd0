import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { type MessageContract, wallet } from '#contracts';
import type { Decision } from '#messaging';
import { ada, aLedger, aMoment, aWalletWith } from '../../test/ledger.builders.js';
import type { Ledger } from '../domain/ledger.js';
import type { LedgerStore } from '../postgres/ledger.store.js';
import { type WalletCommand, walletCommands, WalletHandler } from './wallet.handler.js';

const store = undefined as unknown as LedgerStore;
const handler = new WalletHandler(store, { CURRENCY: 'KRW', WALLET_MAX_BALANCE: 1_000_000 });

function sample(contract: MessageContract): Record<string, unknown> {
  const [owner, name, version] = contract.type.split('.');
  return JSON.parse(readFileSync(`libs/contracts/samples/${owner}/${name}.${version}.json`, 'utf8'));
}

function decide(ledger: Ledger, contract: MessageContract, payload: Record<string, unknown>): Decision {
  const message = { type: contract.type, payload: contract.payload.parse(payload) } as unknown as WalletCommand;
  return handler.decide(ledger, message, aMoment());
}

describe('the wallet handler', () => {
  it.each(walletCommands.map((contract) => [contract.type, contract] as const))(
    'handles the sample of %s',
    (_, contract) => {
      const { outcome } = decide(aWalletWith(500_000n), contract, sample(contract));
      expect(outcome.kind).toBe('answered');
    },
  );

  it('answers a top-up as the public API shows it', () => {
    const { outcome } = decide(aLedger(), wallet.topUp, sample(wallet.topUp));
    expect(outcome).toEqual({
      kind: 'answered',
      body: {
        topUpId: sample(wallet.topUp).topUpId,
        amount: 200_000,
        balance: 200_000,
        currency: 'KRW',
        createdAt: '2026-11-23T12:00:00.000Z',
      },
    });
    expect(wallet.topUpAnswer.parse(outcome.kind === 'answered' && outcome.body)).toBeTruthy();
  });

  it('answers a debit and its refund with what they moved', () => {
    const ledger = aWalletWith(500_000n);
    const { paymentId } = sample(wallet.debit);
    const outcomes = [wallet.debit, wallet.refund].map(
      (contract) => decide(ledger, contract, sample(contract)).outcome,
    );
    expect(outcomes).toEqual([
      { kind: 'answered', body: { paymentId, moved: 150_000, balance: 350_000 } },
      { kind: 'answered', body: { paymentId, moved: 150_000, balance: 500_000 } },
    ]);
  });

  it('rejects with the code of the rule that refused', () => {
    const poor = decide(aWalletWith(1n), wallet.debit, sample(wallet.debit)).outcome;
    expect(poor).toMatchObject({
      kind: 'rejected',
      code: 'NOT_ENOUGH_BALANCE',
      members: { balance: 1, amount: 150_000 },
    });
    const full = decide(aWalletWith(900_000n), wallet.topUp, { ...sample(wallet.topUp), userId: ada }).outcome;
    expect(full).toMatchObject({ kind: 'rejected', code: 'BALANCE_LIMIT_EXCEEDED' });
  });
});
