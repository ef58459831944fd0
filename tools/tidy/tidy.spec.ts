import { describe, expect, it } from '@jest/globals';
import { MAX_FILE_LINES, MAX_FUNCTION_LINES } from './sizes.js';
import { tidy } from './tidy.js';

const existing = new Set(['services/wallet/src/main.ts', 'docs/glossary.md']);
const rulesFor = (path: string, text: string) =>
  tidy([{ path, text }], (each) => existing.has(each)).map(({ rule, line }) =>
    line === undefined ? rule : `${rule}:${line}`,
  );
const lines = (count: number) => 'seat();\n'.repeat(count);
const functionOf = (count: number) => `function f() {\n${lines(count - 2)}}\n`;
/** Kept in two halves, so that this file has nothing to report about itself. */
const halves = (text: string) => text.split(' ');

describe('tidy finds', () => {
  it('a file that is too long, and lets the longest allowed one pass', () => {
    expect(rulesFor('libs/a.ts', lines(MAX_FILE_LINES + 1))).toEqual(['long-file']);
    expect(rulesFor('libs/a.ts', lines(MAX_FILE_LINES))).toEqual([]);
  });

  it('a function that is too long, also as a method or an arrow, but not a chapter of tests', () => {
    expect(rulesFor('libs/a.ts', functionOf(MAX_FUNCTION_LINES))).toEqual([]);
    expect(rulesFor('libs/a.ts', `\n${functionOf(MAX_FUNCTION_LINES + 1)}`)).toEqual(['long-function:2']);
    expect(rulesFor('libs/a.ts', `const f = () => {\n${lines(MAX_FUNCTION_LINES)}};`)).toEqual(['long-function:1']);
    expect(rulesFor('libs/a.ts', `class A {\n  f() {\n${lines(MAX_FUNCTION_LINES)}}\n}`)).toEqual(['long-function:2']);
    expect(rulesFor('libs/a.spec.ts', `describe('a', () => {\n${lines(MAX_FUNCTION_LINES)}});`)).toEqual([]);
  });

  it.each(['libs/utils.ts', 'libs/common/seat.ts', 'services/wallet/src/date-helpers.ts', 'libs/seat.util.ts'])(
    'the empty name in %s',
    (path) => expect(rulesFor(path, '')).toEqual(['empty-name']),
  );

  it('words that the glossary does not have, in names of our own', () => {
    expect(rulesFor('libs/a.ts', 'const bookingId = 1;')).toEqual(['other-word:1']);
    expect(rulesFor('libs/a.ts', '\nfunction chargeWallet() {}')).toEqual(['other-word:2']);
    expect(rulesFor('libs/a.ts', 'interface Wallet { points: bigint }')).toEqual(['other-word:1']);
    expect(rulesFor('libs/a.ts', 'stripe.charge(reservation); const endpoint = "booking";')).toEqual([]);
  });

  it('leftover notes and tests that do not run', () => {
    const note = `// ${'TO' + 'DO'}: later`;
    expect(rulesFor('libs/a.ts', note)).toEqual(['leftover-note:1']);
    expect(rulesFor('deploy/a.sh', `# ${'FIX' + 'ME'}`)).toEqual(['leftover-note:1']);
    for (const [start, end] of ['it .skip', 'describe .only', 'it .todo', 'x it', 'it.ea ch([1]).only'].map(halves)) {
      expect(rulesFor('libs/a.spec.ts', `\n${start}${end}('a', () => {});`)).toEqual(['disabled-test:2']);
    }
    expect(rulesFor('libs/a.ts', 'list.skip(1); exit(0);')).toEqual([]);
  });

  it('paths in documents that lead nowhere', () => {
    expect(rulesFor('docs/a.md', 'see `services/wallet/src/gone.ts`')).toEqual(['lost-path:1']);
    expect(rulesFor('docs/a.md', '\n[words](gone.md#seat)')).toEqual(['lost-path:2']);
    const fine =
      '`services/wallet/src/main.ts:12`, `services/*/src`, [words](glossary.md#seat), [web](https://example.org/x)';
    expect(rulesFor('docs/a.md', fine)).toEqual([]);
  });

  it('download addresses in the lock file', () => {
    expect(rulesFor('package-lock.json', '{\n"resolved": "https://example.org/a.tgz" }')).toEqual(['locked-address:2']);
    expect(rulesFor('package-lock.json', '{ "resolved": "libs/a", "version": "1" }')).toEqual([]);
  });
});
