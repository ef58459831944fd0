import { spawn, type StdioOptions } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** How one phase of `npm test` ended. */
export interface PhaseResult {
  readonly phase: string;
  readonly passed: number;
  /** At least 1 when the phase did not end well, whatever the reason. */
  readonly failed: number;
  readonly seconds: number;
}

/** No phase takes longer on two cores, unless it hangs. */
const LIMIT_MS = 20 * 60_000;

/** Types, lint, layout, import rules, tidiness. They are no tests: only their failure is counted. */
export async function runCheck(abort: AbortSignal): Promise<PhaseResult> {
  const started = performance.now();
  const code = await run('npm', ['run', '--silent', 'check'], {}, abort);
  return { phase: 'check', passed: 0, failed: code === 0 ? 0 : 1, seconds: secondsSince(started) };
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
}

function countsOf(report: string, code: number): { passed: number; failed: number } {
  try {
    const read = JSON.parse(readFileSync(report, 'utf8')) as JestReport;
    const failed = read.numFailedTests + read.numRuntimeErrorTestSuites;
    return { passed: read.numPassedTests, failed: Math.max(failed, code === 0 ? 0 : 1) };
  } catch {
    return { passed: 0, failed: 1 };
  }
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
