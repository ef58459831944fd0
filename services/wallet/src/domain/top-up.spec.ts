import { describe, expect, it } from '@jest/globals';
import { ada, aLedger, aMoment, anId, aWalletWith, movements, noon } from '../../test/ledger.builders.js';
import { topUp } from './top-up.js';

const maxBalance = 1_000n;
const command = { topUpId: anId(900), userId: ada, amount: 300n };

describe('a top-up', () => {
  it('opens the wallet of a user never seen', () => {
    const ledger = aLedger();
    expect(topUp(ledger, command, maxBalance, aMoment())).toEqual({ ...command, balance: 300n, createdAt: noon });
    expect(ledger.changedWallets.map(({ userId, balance, stored }) => [userId, balance, stored])).toEqual([
      [ada, 300n, false],
    ]);
  });

  it('is one transfer from outside into the wallet', () => {
    const ledger = aWalletWith(50n);
    topUp(ledger, command, maxBalance, aMoment());
    expect(ledger.newTransfers).toEqual([
      {
        id: anId(1),
        kind: 'TOP_UP',
        cause: { topUpId: command.topUpId, paymentId: null },
        createdAt: noon,
        entries: [
          { id: anId(2), account: 'outside', amount: -300n, balanceAfter: null },
          { id: anId(3), account: 'wallet:ada', amount: 300n, balanceAfter: 350n },
        ],
      },
    ]);
  });

  it('may fill the wallet to its maximum', () => {
    expect(topUp(aWalletWith(700n), command, maxBalance, aMoment())).toMatchObject({ balance: 1_000n });
  });

  it('past the maximum is refused and moves nothing', () => {
    const ledger = aWalletWith(701n);
    expect(topUp(ledger, command, maxBalance, aMoment())).toMatchObject({ code: 'BALANCE_LIMIT_EXCEEDED' });
    expect([ledger.newTransfers, ledger.changedWallets]).toEqual([[], []]);
  });

  it('counts the earlier ones of its batch', () => {
    const ledger = aWalletWith(0n);
    const moment = aMoment();
    const answers = [1, 2, 3, 4].map((n) => topUp(ledger, { ...command, topUpId: anId(n) }, maxBalance, moment));
    expect(answers).toEqual([
      expect.objectContaining({ balance: 300n }),
      expect.objectContaining({ balance: 600n }),
      expect.objectContaining({ balance: 900n }),
      expect.objectContaining({ code: 'BALANCE_LIMIT_EXCEEDED' }),
    ]);
    expect(movements(ledger)).toEqual([
      ['TOP_UP', 300n, 300n],
      ['TOP_UP', 300n, 600n],
      ['TOP_UP', 300n, 900n],
    ]);
  });

  it('with an id that was booked is told what was booked, though the balance has moved on', () => {
    const booked = { ...command, balance: 300n, createdAt: new Date('2026-11-01T00:00:00.000Z') };
    const ledger = aLedger({ topUps: [booked] });
    expect(topUp(ledger, command, maxBalance, aMoment())).toEqual(booked);
    expect(ledger.newTransfers).toEqual([]);
  });

  it('twice in one batch is booked once', () => {
    const ledger = aWalletWith(0n);
    const first = topUp(ledger, command, maxBalance, aMoment());
    expect(topUp(ledger, command, maxBalance, aMoment())).toEqual(first);
    expect(ledger.newTransfers).toHaveLength(1);
  });

  it('with a booked id and another amount is refused', () => {
    const ledger = aWalletWith(0n);
    topUp(ledger, command, maxBalance, aMoment());
    const other = topUp(ledger, { ...command, amount: 301n }, maxBalance, aMoment());
    expect(other).toMatchObject({ code: 'IDEMPOTENCY_KEY_REUSED' });
  });

  it('with an id booked for another user is a fault', () => {
    const ledger = aWalletWith(0n);
    topUp(ledger, command, maxBalance, aMoment());
    expect(() => topUp(ledger, { ...command, userId: 'eve' }, maxBalance, aMoment())).toThrow('another user');
  });
});
