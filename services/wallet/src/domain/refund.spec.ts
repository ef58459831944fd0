import { describe, expect, it } from '@jest/globals';
import { aBarrier, ada, aLedger, aMoment, aWalletWith, movements, payment } from '../../test/ledger.builders.js';
import { debit } from './debit.js';
import { refund } from './refund.js';
import { topUp } from './top-up.js';

const command = { paymentId: payment, userId: ada };

describe('a refund', () => {
  it('gives back exactly what the debit moved', () => {
    const ledger = aWalletWith(700n, aBarrier({ operation: 'DEBIT', asked: 300n, moved: 300n, balance: 700n }));
    expect(refund(ledger, command, aMoment())).toEqual({ paymentId: payment, moved: 300n, balance: 1_000n });
    expect(ledger.newTransfers[0]?.entries.map(({ account, amount }) => [account, amount])).toEqual([
      ['sales', -300n],
      ['wallet:ada', 300n],
    ]);
  });

  it('of a debit in the same batch gives it back', () => {
    const ledger = aWalletWith(1_000n);
    const moment = aMoment();
    debit(ledger, { ...command, amount: 400n }, moment);
    expect(refund(ledger, command, moment)).toEqual({ paymentId: payment, moved: 400n, balance: 1_000n });
    expect(movements(ledger)).toEqual([
      ['DEBIT', -400n, 600n],
      ['REFUND', 400n, 1_000n],
    ]);
  });

  it('repeated is told the first answer and moves nothing more', () => {
    const ledger = aWalletWith(700n, aBarrier({ operation: 'DEBIT', asked: 300n, moved: 300n, balance: 700n }));
    const first = refund(ledger, command, aMoment());
    topUp(ledger, { topUpId: payment, userId: ada, amount: 5n }, 10_000n, aMoment());
    expect(refund(ledger, command, aMoment())).toEqual(first);
    expect(movements(ledger)).toEqual([
      ['REFUND', 300n, 1_000n],
      ['TOP_UP', 5n, 1_005n],
    ]);
  });

  it('passes the maximum that stops a top-up', () => {
    const ledger = aWalletWith(1_000n, aBarrier({ operation: 'DEBIT', asked: 300n, moved: 300n, balance: 700n }));
    const full = topUp(ledger, { topUpId: payment, userId: ada, amount: 1n }, 1_000n, aMoment());
    expect(full).toMatchObject({ code: 'BALANCE_LIMIT_EXCEEDED' });
    expect(refund(ledger, command, aMoment())).toMatchObject({ moved: 300n, balance: 1_300n });
  });

  it('of a refused debit succeeds and moves nothing', () => {
    const refused = aBarrier({ operation: 'DEBIT', asked: 300n, result: 'NOT_ENOUGH_BALANCE', balance: 10n });
    const ledger = aWalletWith(10n, refused);
    expect(refund(ledger, command, aMoment())).toEqual({ paymentId: payment, moved: 0n, balance: 10n });
    expect(ledger.newTransfers).toEqual([]);
  });

  it('without a debit succeeds, moves nothing, and the late debit is refused', () => {
    const ledger = aLedger();
    expect(refund(ledger, command, aMoment())).toEqual({ paymentId: payment, moved: 0n, balance: 0n });
    expect(debit(ledger, { ...command, amount: 1n }, aMoment())).toMatchObject({ code: 'COMPENSATED' });
    expect([ledger.newTransfers, ledger.changedWallets]).toEqual([[], []]);
  });

  it('after its poisoned debit repeats that nothing was moved', () => {
    const ledger = aWalletWith(50n);
    refund(ledger, command, aMoment());
    debit(ledger, { ...command, amount: 1n }, aMoment());
    expect(refund(ledger, command, aMoment())).toEqual({ paymentId: payment, moved: 0n, balance: 50n });
  });

  it('into another wallet than the debit came from is a fault', () => {
    const ledger = aWalletWith(700n, aBarrier({ operation: 'DEBIT', asked: 300n, moved: 300n, balance: 700n }));
    expect(() => refund(ledger, { ...command, userId: 'eve' }, aMoment())).toThrow('another user');
  });
});
