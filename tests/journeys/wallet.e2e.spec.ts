import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { aFan, type AFan, expectProblem, expectStatus, rowsOf, startSystem, type System } from '#testing';

const MOST_AT_ONCE = 10_000_000;
const TOP_UPS = '/v1/wallet/top-ups';

describe('a wallet', () => {
  let system: System;

  beforeAll(async () => {
    // A ceiling that two large top-ups reach.
    const settings = { WALLET_MAX_BALANCE: 15_000_000 };
    system = await startSystem({ only: ['wallet', 'gateway'], settings });
  });
  afterAll(() => system.stop());

  const topUp = (fan: AFan, amount: unknown, key: string | undefined = randomUUID()) =>
    fan.api.post(TOP_UPS, { amount }, { 'idempotency-key': key });
  const balanceOf = async (fan: AFan) => expectStatus(await fan.api.get('/v1/wallet'), 200).balance;

  it('of a user never seen is empty', async () => {
    const fan = await aFan(system);
    const answer = await fan.api.get('/v1/wallet');
    expect(expectStatus(answer, 200)).toEqual({ userId: fan.userId, balance: 0, currency: 'KRW', updatedAt: null });
    expect(answer.headers.get('cache-control')).toBe('no-store');
    const entries = await fan.api.get('/v1/wallet/entries');
    expect(expectStatus(entries, 200)).toEqual({ items: [], nextCursor: null });
    expectProblem(await system.api.get('/v1/wallet'), 'UNAUTHENTICATED');
  });

  it('is topped up, with its ledger entry, and shows it at once', async () => {
    const fan = await aFan(system);
    const answer = await topUp(fan, 30_000);
    expect(expectStatus(answer, 201)).toEqual({
      topUpId: expect.any(String),
      amount: 30_000,
      balance: 30_000,
      currency: 'KRW',
      createdAt: expect.any(String),
    });
    expect(expectStatus(await topUp(fan, 12_345), 201).balance).toBe(42_345);
    const wallet = expectStatus(await fan.api.get('/v1/wallet'), 200);
    expect(wallet).toMatchObject({ balance: 42_345, updatedAt: expect.any(String) });
    const { items } = expectStatus(await fan.api.get('/v1/wallet/entries'), 200);
    const entry = { entryId: expect.any(String), kind: 'TOP_UP', paymentId: null, createdAt: expect.any(String) };
    expect(items).toEqual([
      { ...entry, amount: 12_345, balanceAfter: 42_345 },
      { ...entry, amount: 30_000, balanceAfter: 30_000 },
    ]);
  });

  it('is topped up once, however often the request is repeated with its key', async () => {
    const fan = await aFan(system);
    const key = randomUUID();
    const first = await topUp(fan, 1_000, key);
    expect(first.headers.get('idempotent-replayed')).toBeNull();
    await topUp(fan, 500);
    for (let repeat = 0; repeat < 3; repeat += 1) {
      const again = await topUp(fan, 1_000, key);
      expect(expectStatus(again, 201)).toEqual(expectStatus(first, 201));
      expect(again.headers.get('idempotent-replayed')).toBe('true');
    }
    expect(await balanceOf(fan)).toBe(1_500);
  });

  it('takes one key for one request only: another body is refused, another user has keys of their own', async () => {
    const [fan, other] = [await aFan(system), await aFan(system)];
    const key = randomUUID();
    expectStatus(await topUp(fan, 1_000, key), 201);
    expectProblem(await topUp(fan, 2_000, key), 'IDEMPOTENCY_KEY_REUSED');
    expectStatus(await topUp(other, 2_000, key), 201);
    expect([await balanceOf(fan), await balanceOf(other)]).toEqual([1_000, 2_000]);
  });

  it('is not topped up without a key', async () => {
    const fan = await aFan(system);
    expectProblem(await fan.api.post(TOP_UPS, { amount: 1_000 }), 'IDEMPOTENCY_KEY_REQUIRED');
    expectProblem(await topUp(fan, 1_000, 'k'.repeat(256)), 'INVALID_REQUEST');
    expectProblem(await topUp(fan, 1_000, 'two words'), 'INVALID_REQUEST');
    expect(await balanceOf(fan)).toBe(0);
    expectStatus(await topUp(fan, 1_000, 'k'.repeat(255)), 201);
  });

  it('takes whole amounts from 1 to ten million', async () => {
    const fan = await aFan(system);
    for (const amount of [0, -1, 0.5, MOST_AT_ONCE + 1, 1e300, '1000', null, true, [1000]]) {
      const { errors } = expectProblem(await topUp(fan, amount), 'INVALID_REQUEST');
      expect(errors![0]).toEqual({ path: 'amount', message: expect.any(String) });
    }
    expectProblem(await fan.api.post(TOP_UPS, {}, { 'idempotency-key': randomUUID() }), 'INVALID_REQUEST');
    expect(await balanceOf(fan)).toBe(0);
    expect(expectStatus(await topUp(fan, 1), 201).balance).toBe(1);
    expect(expectStatus(await topUp(fan, MOST_AT_ONCE), 201).balance).toBe(MOST_AT_ONCE + 1);
  });

  it('holds no more than its maximum', async () => {
    const fan = await aFan(system);
    expectStatus(await topUp(fan, MOST_AT_ONCE), 201);
    expectProblem(await topUp(fan, 5_000_001), 'BALANCE_LIMIT_EXCEEDED');
    expect(await balanceOf(fan)).toBe(MOST_AT_ONCE);
    expect(expectStatus(await topUp(fan, 5_000_000), 201).balance).toBe(15_000_000);
  });

  it('lists its entries newest first, page by page', async () => {
    const fan = await aFan(system);
    const amounts = Array.from({ length: 23 }, (_, index) => index + 1);
    for (const amount of amounts) expectStatus(await topUp(fan, amount), 201);
    const page = async (query: string) => {
      const { items, nextCursor } = expectStatus(await fan.api.get(`/v1/wallet/entries${query}`), 200);
      return { amounts: items.map(({ amount }: { amount: number }) => amount) as number[], nextCursor };
    };
    const newestFirst = amounts.toReversed();
    const byDefault = await page('');
    expect(byDefault.amounts).toEqual(newestFirst.slice(0, 20));
    expect((await page(`?cursor=${byDefault.nextCursor}`)).amounts).toEqual(newestFirst.slice(20));
    const seen: number[] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const next: Awaited<ReturnType<typeof page>> = await page(`?limit=7${cursor && `&cursor=${cursor}`}`);
      seen.push(...next.amounts);
      cursor = next.nextCursor;
      // What comes in meanwhile is on no later page.
      if (seen.length === 7) expectStatus(await topUp(fan, 999), 201);
    }
    expect(seen).toEqual(newestFirst);
    for (const query of ['?limit=0', '?limit=1.5', '?limit=101', '?cursor=%00', '?cursor=nonsense', '?offset=1']) {
      expectProblem(await fan.api.get(`/v1/wallet/entries${query}`), 'INVALID_REQUEST');
    }
  });

  it('equals its entries, and the ledger sums to zero', async () => {
    const [ledger] = await rowsOf(
      system.adminDatabaseUrl,
      `select (select coalesce(sum(amount), 0)::text from wallet.entry) as total,
              (select count(*)::int from wallet.wallet) as wallets,
              (select count(*)::int from wallet.wallet w where balance <>
                (select coalesce(sum(amount), 0) from wallet.entry where account = 'wallet:' || w.user_id)) as wrong`,
    );
    expect(ledger).toMatchObject({ total: '0', wrong: 0 });
    expect(ledger!.wallets).toBeGreaterThan(0);
  });
});
