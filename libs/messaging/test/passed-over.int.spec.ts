import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { aTopUp, startTally, type TallyService } from './tally.js';

let tally: TallyService;

beforeAll(async () => {
  tally = await startTally();
});

afterAll(() => tally.close());

it('begins no transaction for what is none of the service', async () => {
  const lane = tally.lane('wallet.commands/9');
  await lane.handle([aTopUp('tom', 1)]);
  const offset = async () =>
    (
      await tally.dataSource.query<{ offset: bigint }[]>(`select "offset" from lane where name = 'wallet.commands/9'`)
    )[0]!;
  const before = await offset();
  const { record } = aTopUp('tom', 1);
  await lane.handle([{ kind: 'passed over', record: { ...record, offset: before.offset + 1_000n } }]);
  expect(await offset()).toEqual(before);
  expect(await tally.total('tom')).toBe(1);
});
