import { spawn, type StdioOptions } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { stripVTControlCharacters } from 'node:util';

/** How one phase of `npm test` ended. */
export interface PhaseResult {
  readonly phase: string;
  readonly passed: number;
  /** At least 1 when the phase did not end well, whatever the reason. */
  readonly failed: number;
  readonly seconds: number;
  /** What failed, a line each: told once more at the end, where a long log is read first. */
  readonly failures: readonly string[];
}

/** No phase takes longer on two cores, unless it hangs. */
const LIMIT_MS = 20 * 60_000;

/** Types, lint, layout, import rules, tidiness. They are no tests: only their failure is counted. */
export async function runCheck(abort: AbortSignal): Promise<PhaseResult> {
  const started = performance.now();
  const code = await run('npm', ['run', '--silent', 'check'], {}, abort);
  const failures = code === 0 ? [] : ['check: see its output'];
  return { phase: 'check', passed: 0, failed: failures.length, failures, seconds: secondsSince(started) };
}

/** One Jest project. The tests read where the infrastructure is from `environment`. */
export async function runJest(
  project: string,
  { workers, environment = {} }: { workers: number; environment?: Record<string, string> },
  abort: AbortSignal,
): Promise<PhaseResult> {
  const started = performance.now();
  const folder = mkdtempSync(join(tmpdir(), 'jest-report-'));
  const report = join(folder, 'report.json');
  try {
    const jest = [
      '--experimental-vm-modules',
      '--disable-warning=ExperimentalWarning',
      'node_modules/jest/bin/jest.js',
    ];
    const options = ['--selectProjects', project, `--maxWorkers=${workers}`, '--json', `--outputFile=${report}`];
    const code = await run(process.execPath, [...jest, ...options], environment, abort);
    return { phase: project, ...countsOf(report, code), seconds: secondsSince(started) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

interface JestReport {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  /** Files that could not even be loaded. */
  readonly numRuntimeErrorTestSuites: number;
  readonly testResults: readonly {
    readonly name: string;
    readonly message: string;
    readonly assertionResults: readonly {
      readonly status: string;
      readonly fullName: string;
      readonly failureMessages: readonly string[];
    }[];
  }[];
}

function countsOf(report: string, code: number): Pick<PhaseResult, 'passed' | 'failed' | 'failures'> {
  try {
    const read = JSON.parse(readFileSync(report, 'utf8')) as JestReport;
    const failed = read.numFailedTests + read.numRuntimeErrorTestSuites;
    return {
      passed: read.numPassedTests,
      failed: Math.max(failed, code === 0 ? 0 : 1),
      failures: failuresOf(read),
    };
  } catch (error) {
    return { passed: 0, failed: 1, failures: [`no report: ${String(error)}`] };
  }
}

function failuresOf({ testResults }: JestReport): string[] {
  return testResults.flatMap(({ name, message, assertionResults }) => {
    const file = relative(process.cwd(), name);
    const failed = assertionResults.filter(({ status }) => status === 'failed');
    if (failed.length === 0) return assertionResults.length === 0 ? [`${file}: ${firstLines(message)}`] : [];
    return failed.map((one) => `${file} › ${one.fullName}: ${firstLines(one.failureMessages[0] ?? '')}`);
  });
}

/** As much of a failure as says what it is about. */
function firstLines(message: string): string {
  const said = stripVTControlCharacters(message).split(/\n\s+at /)[0] ?? '';
  return said.replaceAll(/\s+/g, ' ').trim().slice(0, 600);
}

/** Runs to the end and answers the exit code. Standard output is Jest's JSON: not for people, its report is on stderr. */
function run(
  command: string,
  args: string[],
  environment: Record<string, string>,
  abort: AbortSignal,
): Promise<number> {
  return new Promise((resolve) => {
    const signal = AbortSignal.any([abort, AbortSignal.timeout(LIMIT_MS)]);
    const stdio: StdioOptions = command === 'npm' ? 'inherit' : ['ignore', 'ignore', 'inherit'];
    const child = spawn(command, args, { stdio, env: { ...process.env, ...environment }, signal });
    child.once('error', () => resolve(1));
    child.once('exit', (code) => resolve(code ?? 1));
  });
}

function secondsSince(started: number): number {
  return Math.round((performance.now() - started) / 1000);
}
