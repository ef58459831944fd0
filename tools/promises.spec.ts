import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';

interface Proof {
  readonly path: string;
  /** The name of a test in that file. */
  readonly test: string;
}

describe('the promises of README.md', () => {
  const readme = readFileSync('README.md', 'utf8');
  const table = /<!-- promises -->\n([^]*?)<!-- end of promises -->/.exec(readme)?.[1] ?? '';
  const rows = table.trim().split('\n').slice(2);

  it('each name a test', () => {
    expect(rows.length).toBeGreaterThan(10);
    expect(rows.filter((row) => proofsIn(row).length === 0)).toEqual([]);
  });

  it.each(rows.flatMap(proofsIn).map((proof) => [proof.test, proof] as const))('%s', (_, { path, test }) => {
    const source = existsSync(path) ? readFileSync(path, 'utf8') : `there is no ${path}`;
    expect(testsIn(source)).toContain(test);
  });
});

it('finds the proofs of a promise: the tests in slants, each in the file linked before it', () => {
  expect(proofsIn('| Kept. | [a](x/a.spec.ts): *one*; *two*; [b](b.spec.ts): *three* |')).toEqual([
    { path: 'x/a.spec.ts', test: 'one' },
    { path: 'x/a.spec.ts', test: 'two' },
    { path: 'b.spec.ts', test: 'three' },
  ]);
  expect(testsIn(`it('one', f); it.each([1])("it's %s", f);\n  it(\`three\`, f); // it is`)).toEqual([
    'one',
    "it's %s",
    'three',
  ]);
});

function proofsIn(row: string): Proof[] {
  return row
    .split('[')
    .slice(1)
    .flatMap((part) => {
      const path = /\]\(([^)]+)\)/.exec(part)?.[1] ?? '';
      return [...part.matchAll(/\*([^*]+)\*/g)].map(([, test = '']) => ({ path, test }));
    });
}

function testsIn(source: string): string[] {
  return [...source.matchAll(/\b(?:it|test)(?:\.each\([^;]*?\))?\(\s*(['"`])((?:(?!\1)[^\\\n]|\\.)*)\1/g)].map(
    ([, , name = '']) => name,
  );
}
