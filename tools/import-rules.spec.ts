import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';

/** Files of a small project in the real layout that breaks nothing. */
const clean: Record<string, string[]> = {
  'libs/contracts/src/index.ts': ['./seat.js'],
  'libs/contracts/src/seat.ts': [],
  'libs/messaging/src/index.ts': ['#contracts', 'kafkajs'],
  'libs/embedded/src/index.ts': [],
  'libs/testing/src/index.ts': ['#embedded', './topics.js', 'dev-only'],
  'libs/testing/src/topics.ts': ['kafkajs'],
  'local/src/main.ts': ['#embedded', '#messaging'],
  'gateway/src/main.ts': ['#contracts', '#messaging'],
  'services/concert/src/domain/seat.ts': ['#contracts', './hold.js'],
  'services/concert/src/domain/hold.ts': [],
  'services/concert/src/domain/seat.spec.ts': ['./seat.js', '#testing'],
  'services/concert/src/postgres/seat.store.ts': ['../domain/seat.js'],
  'services/concert/src/messages/seat.handler.ts': ['../domain/seat.js', '../postgres/seat.store.js', '#messaging'],
  'services/concert/src/http/seat.controller.ts': ['../domain/seat.js', '../postgres/seat.store.js'],
  'services/wallet/src/main.ts': ['#contracts'],
  'tools/audit/audit.ts': ['../../local/src/main.js'],
  'tools/audit/test/history.ts': ['dev-only'],
  'tools/check.ts': ['dev-only', '#testing'],
  'tools/ops/trail.ts': ['#messaging'],
  'tools/simulate/replica.ts': ['../../gateway/src/main.js'],
};

/** One file per rule that breaks it, and nothing else. */
const planted: { rule: string; file: string; imports: string }[] = [
  { rule: 'no-cycles', file: 'services/wallet/src/cycle.ts', imports: './cycle.js' },
  { rule: 'resolvable', file: 'services/wallet/src/lost.ts', imports: './nowhere.js' },
  { rule: 'services-stand-alone', file: 'services/wallet/src/nosy.ts', imports: '../../concert/src/domain/hold.js' },
  { rule: 'services-stand-alone', file: 'services/wallet/src/upward.ts', imports: '../../../gateway/src/main.js' },
  { rule: 'gateway-stands-alone', file: 'gateway/src/nosy.ts', imports: '../../services/wallet/src/main.js' },
  { rule: 'domain-is-plain', file: 'services/concert/src/domain/sql.ts', imports: '../postgres/seat.store.js' },
  { rule: 'domain-is-plain', file: 'services/concert/src/domain/chatty.ts', imports: '#messaging' },
  { rule: 'domain-is-plain', file: 'services/concert/src/domain/random.ts', imports: 'node:crypto' },
  { rule: 'domain-is-plain', file: 'services/concert/src/domain/nest.ts', imports: '@nestjs/common' },
  {
    rule: 'messages-and-http-apart',
    file: 'services/concert/src/http/command.controller.ts',
    imports: '../messages/seat.handler.js',
  },
  {
    rule: 'messages-and-http-apart',
    file: 'services/concert/src/messages/query.handler.ts',
    imports: '../http/seat.controller.js',
  },
  {
    rule: 'stores-know-no-callers',
    file: 'services/concert/src/postgres/upward.store.ts',
    imports: '../http/seat.controller.js',
  },
  { rule: 'contracts-import-nothing-of-ours', file: 'libs/contracts/src/chatty.ts', imports: '#messaging' },
  { rule: 'libraries-below-services', file: 'libs/messaging/src/upward.ts', imports: '../../../gateway/src/main.js' },
  {
    rule: 'libraries-through-their-door',
    file: 'services/wallet/src/window.ts',
    imports: '../../../libs/contracts/src/seat.js',
  },
  { rule: 'tools-look-from-outside', file: 'tools/nosy.ts', imports: '../services/wallet/src/main.js' },
  { rule: 'testing-stays-in-tests', file: 'tools/audit/tested.ts', imports: '#testing' },
  { rule: 'testing-stays-in-tests', file: 'services/wallet/src/tested.ts', imports: '#testing' },
  { rule: 'embedded-servers-stay-local', file: 'services/wallet/src/server.ts', imports: '#embedded' },
  { rule: 'kafkajs-behind-messaging', file: 'services/wallet/src/direct.ts', imports: 'kafkajs' },
  { rule: 'production-dependencies-only', file: 'services/wallet/src/dev.ts', imports: 'dev-only' },
  { rule: 'production-dependencies-only', file: 'tools/audit/dev.ts', imports: 'dev-only' },
  { rule: 'production-dependencies-only', file: 'tools/ops/dev.ts', imports: 'dev-only' },
];

describe('the import rules', () => {
  let project: string;
  beforeAll(async () => {
    project = await mkdtemp(join(tmpdir(), 'import-rules-'));
    await layOut(project);
  });
  afterAll(() => rm(project, { recursive: true, force: true }));

  it('let a clean project pass, and catch each planted violation by its rule and nothing else', async () => {
    expect(await violationsIn(project)).toEqual([]);
    for (const { file, imports } of planted) await writeSource(project, file, [imports]);
    const expected = planted.map(({ rule, file }) => `${rule}: ${file}`);
    expect(await violationsIn(project)).toEqual(expected.sort());
  });

  it('all have a planted violation', () => {
    const config = createRequire(import.meta.url)(resolve('.dependency-cruiser.cjs')) as {
      forbidden: { name: string }[];
    };
    const rules = config.forbidden.map(({ name }) => name);
    expect(new Set(planted.map(({ rule }) => rule))).toEqual(new Set(rules));
  });
});

async function layOut(project: string): Promise<void> {
  await copyFile(resolve('.dependency-cruiser.cjs'), join(project, '.dependency-cruiser.cjs'));
  const doors = ['contracts', 'messaging', 'embedded', 'testing'];
  await writeFile(
    join(project, 'package.json'),
    JSON.stringify({
      type: 'module',
      imports: Object.fromEntries(doors.map((name) => [`#${name}`, { source: `./libs/${name}/src/index.ts` }])),
      dependencies: { kafkajs: '1.0.0', '@nestjs/common': '1.0.0' },
      devDependencies: { 'dev-only': '1.0.0' },
    }),
  );
  for (const name of ['kafkajs', '@nestjs/common', 'dev-only']) {
    await write(project, `node_modules/${name}/package.json`, JSON.stringify({ name, main: 'index.js' }));
    await write(project, `node_modules/${name}/index.js`, '');
  }
  for (const [file, imports] of Object.entries(clean)) await writeSource(project, file, imports);
}

function writeSource(project: string, file: string, imports: readonly string[]): Promise<void> {
  return write(project, file, [...imports.map((name) => `import '${name}';`), 'export {};', ''].join('\n'));
}

async function write(project: string, file: string, text: string): Promise<void> {
  await mkdir(dirname(join(project, file)), { recursive: true });
  await writeFile(join(project, file), text);
}

interface Cruise {
  readonly summary: {
    readonly violations: readonly { readonly from: string; readonly rule: { readonly name: string } }[];
  };
}

/** `rule: file`, sorted. */
function violationsIn(project: string): Promise<string[]> {
  const program = resolve('node_modules/dependency-cruiser/bin/dependency-cruiser.mjs');
  const args = [program, '--output-type', 'json', 'services', 'gateway', 'libs', 'local', 'tools'];
  return new Promise((answer, reject) => {
    // The exit code is the number of violations: only an unreadable output is a failure.
    execFile(process.execPath, args, { cwd: project, maxBuffer: 2 ** 26 }, (error, stdout, stderr) => {
      try {
        const { summary } = JSON.parse(stdout) as Cruise;
        answer(summary.violations.map(({ rule, from }) => `${rule.name}: ${from}`).sort());
      } catch {
        reject(new Error(`dependency-cruiser failed: ${stderr}`, { cause: error }));
      }
    });
  });
}
