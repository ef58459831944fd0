import { describe, expect, it } from '@jest/globals';
import { SharedRead } from './shared-read.js';
import { isUnchanged, SharedReads } from './shared-reads.js';

/** A query whose answers the test gives one by one. */
class Source {
  asked = 0;
  private readonly open: ((answer: string) => void)[] = [];

  ask = () => {
    this.asked += 1;
    return new Promise<string>((resolve) => this.open.push(resolve));
  };

  answer(text: string): void {
    this.open.shift()!(text);
  }
}

describe('a shared read', () => {
  it('asks once for all who come meanwhile, and for a second after it was asked', async () => {
    const source = new Source();
    const read = new SharedRead(source.ask, 1000);
    const both = Promise.all([read.read(0), read.read(10)]);
    source.answer('one');
    expect(await both).toEqual(['one', 'one']);
    expect(await read.read(999)).toBe('one');
    expect(source.asked).toBe(1);
    void read.read(1000);
    expect(source.asked).toBe(2);
  });

  it('never answers what was asked for before it was forgotten', async () => {
    const source = new Source();
    const read = new SharedRead(source.ask, 1000);
    const before = read.read(0);
    read.forget();
    const after = read.read(1);
    const alsoAfter = read.read(2);
    expect(source.asked).toBe(1);
    source.answer('old');
    expect(await before).toBe('old');
    // One at a time: the second query begins when the first is answered.
    await Promise.resolve().then(() => undefined);
    expect(source.asked).toBe(2);
    source.answer('new');
    expect(await Promise.all([after, alsoAfter])).toEqual(['new', 'new']);
  });

  it('forgets what it keeps', async () => {
    const source = new Source();
    const read = new SharedRead(source.ask, 1000);
    const first = read.read(0);
    source.answer('old');
    await first;
    read.forget();
    const second = read.read(1);
    source.answer('new');
    expect(await second).toBe('new');
  });

  it('does not keep a failure', async () => {
    let fails = true;
    const read = new SharedRead(() => (fails ? Promise.reject(new Error('no')) : Promise.resolve('yes')), 1000);
    await expect(read.read(0)).rejects.toThrow('no');
    fails = false;
    expect(await read.read(1)).toBe('yes');
  });
});

describe('the mark of a body', () => {
  const reads = new SharedReads();
  const markOf = async (key: string, body: object) =>
    (await reads.read('group', key, () => Promise.resolve(JSON.stringify(body)))).etag;

  it('is weak, and over everything but asOf', async () => {
    const one = await markOf('1', { asOf: 'now', items: [1] });
    expect(one).toMatch(/^W\/"[\w-]{22}"$/);
    expect(await markOf('2', { asOf: 'later', items: [1] })).toBe(one);
    expect(await markOf('3', { asOf: 'now', items: [2] })).not.toBe(one);
  });

  it.each([
    [undefined, false],
    ['W/"a"', true],
    ['"a"', true],
    ['"b", W/"a"', true],
    ['*', true],
    ['"b"', false],
    ['', false],
  ])('matches If-None-Match %j: %j', (header, expected) => {
    expect(isUnchanged(header, 'W/"a"')).toBe(expected);
  });
});
