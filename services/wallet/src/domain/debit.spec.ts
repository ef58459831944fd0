import { describe, expect, it } from '@jest/globals';
import {
  aBarrier,
  ada,
  aLedger,
  aMoment,
  anId,
  aWalletWith,
  movements,
  noon,
  payment,
} from '../../test/ledger.builders.js';
import { debit } from './debit.js';

const command = { paymentId: payment, userId: ada, amount: 300n };

describe('a debit', () => {
  it('is one transfer from the wallet to sales', () => {
    const ledger = aWalletWith(500n);
    expect(debit(ledger, command, aMoment())).toEqual({ paymentId: payment, moved: 300n, balance: 200n });
    expect(ledger.newTransfers).toEqual([
      {
        id: anId(1),
        kind: 'DEBIT',
        cause: { topUpId: null, paymentId: payment },
        createdAt: noon,
        entries: [
          { id: anId(2), account: 'sales', amount: 300n, balanceAfter: null },
          { id: anId(3), account: 'wallet:ada', amount: -300n, balanceAfter: 200n },
        ],
      },
    ]);
    expect(ledger.newBarriers).toEqual([aBarrier({ operation: 'DEBIT', asked: 300n, moved: 300n, balance: 200n })]);
  });

  it('may take the last of the balance', () => {
    expect(debit(aWalletWith(300n), command, aMoment())).toMatchObject({ moved: 300n, balance: 0n });
  });

  it('of more than the balance is refused with both figures, and recorded as having moved nothing', () => {
    const ledger = aWalletWith(299n);
    expect(debit(ledger, command, aMoment())).toMatchObject({
      code: 'NOT_ENOUGH_BALANCE',
      members: { balance: 299, amount: 300 },
    });
    expect([ledger.newTransfers, ledger.changedWallets]).toEqual([[], []]);
    expect(ledger.newBarriers).toEqual([
      aBarrier({ operation: 'DEBIT', asked: 300n, moved: 0n, result: 'NOT_ENOUGH_BALANCE', balance: 299n }),
    ]);
  });

  it('from the wallet of a user never seen is refused', () => {
    expect(debit(aLedger(), command, aMoment())).toMatchObject({ code: 'NOT_ENOUGH_BALANCE', members: { balance: 0 } });
  });

  it('of nothing succeeds and books nothing', () => {
    const ledger = aLedger();
    expect(debit(ledger, { ...command, amount: 0n }, aMoment())).toEqual({
      paymentId: payment,
      moved: 0n,
      balance: 0n,
    });
    expect([ledger.newTransfers, ledger.changedWallets]).toEqual([[], []]);
  });

  it('repeated is told the first answer and moves nothing more', () => {
    const ledger = aWalletWith(1_000n, aBarrier({ operation: 'DEBIT', asked: 300n, moved: 300n, balance: 700n }));
    expect(debit(ledger, command, aMoment())).toEqual({ paymentId: payment, moved: 300n, balance: 700n });
    expect([ledger.newTransfers, ledger.newBarriers]).toEqual([[], []]);
  });

  it('refused once stays refused, with the figures of then, though the money is there now', () => {
    const refused = aBarrier({ operation: 'DEBIT', asked: 300n, result: 'NOT_ENOUGH_BALANCE', balance: 10n });
    const ledger = aWalletWith(1_000n, refused);
    expect(debit(ledger, command, aMoment())).toMatchObject({
      code: 'NOT_ENOUGH_BALANCE',
      members: { balance: 10, amount: 300 },
    });
    expect(ledger.newTransfers).toEqual([]);
  });

  it('after its refund is refused as compensated, and so is its repeat', () => {
    const ledger = aWalletWith(1_000n, aBarrier({ operation: 'REFUND', balance: 1_000n }));
    for (const attempt of ['late', 'repeated']) {
      expect({ attempt, ...debit(ledger, command, aMoment()) }).toMatchObject({ attempt, code: 'COMPENSATED' });
    }
    expect(ledger.newTransfers).toEqual([]);
    expect(ledger.newBarriers).toHaveLength(1);
  });

  it('sees what the earlier ones of its batch took', () => {
    const ledger = aWalletWith(500n);
    const moment = aMoment();
    const answers = [901, 902].map((n) => debit(ledger, { ...command, paymentId: anId(n) }, moment));
    expect(answers).toEqual([
      expect.objectContaining({ balance: 200n }),
      expect.objectContaining({ code: 'NOT_ENOUGH_BALANCE', members: { balance: 200, amount: 300 } }),
    ]);
    expect(movements(ledger)).toEqual([['DEBIT', -300n, 200n]]);
  });

  it('of a known payment with another amount or another user is a fault', () => {
    const ledger = aWalletWith(500n);
    debit(ledger, command, aMoment());
    expect(() => debit(ledger, { ...command, amount: 301n }, aMoment())).toThrow('another amount');
    expect(() => debit(ledger, { ...command, userId: 'eve' }, aMoment())).toThrow('another user');
  });
});
