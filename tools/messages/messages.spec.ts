import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { allContracts } from '#contracts';
import { listMessages, meaningsIn } from './message-list.js';
import { messageTable, withTable } from './message-table.js';

describe('the message table', () => {
  const messages = listMessages('libs/contracts/src');

  it('of ARCHITECTURE.md is what the contracts say (npm run messages writes it)', () => {
    const document = readFileSync('ARCHITECTURE.md', 'utf8');
    expect(document).toBe(withTable(document, messageTable(messages)));
  });

  it('has every contract once, with a meaning, a key and readers', () => {
    expect(messages).toHaveLength(allContracts.length);
    expect(new Set(messages.map(({ type }) => type)).size).toBe(messages.length);
    expect(messages.filter(({ meaning, key, readers }) => !meaning || !key || !readers)).toEqual([]);
  });

  it('knows who reads a message and what orders it', () => {
    expect(messages.find(({ type }) => type === 'concert.SeatsHeld.v1')).toMatchObject({
      topic: 'concert.events',
      key: 'scheduleId',
      readers: 'queue, reservation',
    });
  });

  it('takes its meanings from the comments above the contracts', () => {
    const source = `
      /** Not this one. */
      const other = 1;
      /** Pay
       * for it. */
      export const pay = defineMessage({ type: 'wallet.Pay.v1', ...ofUser });
      export const silent = defineMessage({ type: 'wallet.Silent.v1', ...ofUser });`;
    expect(meaningsIn(source)).toEqual([['wallet.Pay.v1', 'Pay for it.']]);
  });

  it('replaces what is between its markers, and refuses a document without them', () => {
    const markers = withTable(readFileSync('ARCHITECTURE.md', 'utf8'), 'old');
    expect(withTable(markers, 'new')).toBe(markers.replace('\nold\n', '\nnew\n'));
    expect(() => withTable('no markers', 'new')).toThrow('once each');
  });
});

it.each(allContracts.map((contract) => [contract.type, contract] as const))(
  '%s has a sample that fits it',
  (type, contract) => {
    const [owner, name, version] = type.split('.');
    const path = `libs/contracts/samples/${owner}/${name}.${version}.json`;
    expect([path, existsSync(path)]).toEqual([path, true]);
    expect(contract.payload.safeParse(JSON.parse(readFileSync(path, 'utf8'))).error).toBeUndefined();
  },
);
