import { describe, expect, it } from '@jest/globals';
import { CannotDo } from './outcomes.js';
import type { Terminal } from './terminal.js';
import { confirm, defineVerb, type Verb, wholeNumber } from './verb.js';

/** A terminal that keeps what it is told, with somebody who says `answer` or with nobody. */
function terminalWith(answer?: boolean) {
  const printed: string[] = [];
  const asked: string[] = [];
  const terminal: Terminal = {
    width: undefined,
    interactive: answer !== undefined,
    print: (text) => printed.push(text),
    note: () => {},
    ask: (question) => {
      asked.push(question);
      return Promise.resolve(answer ?? false);
    },
  };
  return { terminal, printed, asked };
}

const greet: Verb = defineVerb({
  summary: 'greets',
  help: 'ops greet [--loud]',
  options: { loud: { type: 'boolean' } },
  run({ words, options, show }) {
    show({ words, loud: options.loud ?? false }, (value) => `hello ${value.words.join(' ')}`);
    return Promise.resolve(0);
  },
});

describe('a verb', () => {
  it('shows text to people and the thing itself with --json', async () => {
    const { terminal, printed } = terminalWith();
    expect(await greet.run(['a', 'b'], terminal, {})).toBe(0);
    expect(await greet.run(['a', '--json', '--loud'], terminal, {})).toBe(0);
    expect(printed[0]).toBe('hello a b');
    expect(JSON.parse(printed[1]!)).toEqual({ words: ['a'], loud: true });
  });

  it('explains itself instead of running', async () => {
    const { terminal, printed } = terminalWith();
    expect(await greet.run(['--help', 'a'], terminal, {})).toBe(0);
    expect(printed).toEqual(['ops greet [--loud]']);
  });

  it('refuses an option that it does not know, in one line', async () => {
    const refused = greet.run(['--quiet'], terminalWith().terminal, {});
    await expect(refused).rejects.toThrow(new CannotDo("Unknown option '--quiet'; --help shows what it understands"));
  });

  it('takes whole numbers within their bounds only', () => {
    expect(wholeNumber('limit', '20', 1, 100)).toBe(20);
    for (const text of ['0', '101', '-1', '1e1', '', 'ten']) {
      expect(() => wholeNumber('limit', text, 1, 100)).toThrow('--limit must be a whole number from 1 to 100');
    }
  });
});

describe('a change', () => {
  it('is made without a question when --yes is said', async () => {
    const { terminal, asked } = terminalWith(false);
    await confirm(terminal, true, 'sink the ship');
    expect(asked).toEqual([]);
  });

  it('is asked for on a terminal, and left when the answer is no', async () => {
    const { terminal, asked } = terminalWith(false);
    await expect(confirm(terminal, undefined, 'sink the ship')).rejects.toThrow(new CannotDo('nothing was changed'));
    expect(asked).toEqual(['This would sink the ship. Do it? [y/N] ']);
    await confirm(terminalWith(true).terminal, undefined, 'sink the ship');
  });

  it('is asked for without what would command the terminal', async () => {
    const { terminal, asked } = terminalWith(true);
    await confirm(terminal, undefined, 'replay \u001b[2J\u009b31m it');
    expect(asked).toEqual(['This would replay  [2J 31m it. Do it? [y/N] ']);
  });

  it('is refused when nobody can be asked', async () => {
    const refused = confirm(terminalWith().terminal, undefined, 'sink the ship');
    await expect(refused).rejects.toThrow('this would sink the ship: nothing was changed, say --yes to do it');
  });
});
