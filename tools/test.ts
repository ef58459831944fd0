import { appendFileSync } from 'node:fs';
import { type RunningInfrastructure, startInfrastructure } from '#testing';
import { type PhaseResult, runCheck, runJest } from './test/phase.js';

/**
 * `npm test`: everything that proves the system, on one PostgreSQL and one Kafka, with one summary at the end.
 * A phase that fails does not keep the next ones from running. `node dist/tools/test.js journeys` runs one phase alone.
 *
 *   INFRA=containers|embedded   default: containers where a Docker engine answers
 *   TEST_REPORT=<file>          one line of JSON per phase is added to it
 */
const byDefault = ['check', 'unit', 'int', 'journeys', 'faults'] as const;
/** The benches take the machine from whatever runs beside them, and minutes: only where they are asked for. */
const phases = [...byDefault, 'benches'] as const;
const chosen = process.argv.slice(2);
const unknown = chosen.filter((name) => !phases.some((phase) => phase === name));
if (unknown.length > 0) fail(`unknown: ${unknown.join(', ')}; there are ${phases.join(', ')}`);
const wanted = chosen.length === 0 ? byDefault : phases.filter((phase) => chosen.includes(phase));

const interrupted = new AbortController();
// `on`, not `once`: a library below ends the process at a signal that nobody else listens to.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => interrupted.abort());

const results: PhaseResult[] = [];
let infrastructure: RunningInfrastructure | undefined;
try {
  for (const phase of wanted) {
    if (interrupted.signal.aborted) break;
    console.log(`\n▶ ${phase}`);
    results.push(await runPhase(phase));
  }
} finally {
  await infrastructure?.stop();
}
summarize();

async function runPhase(phase: (typeof phases)[number]): Promise<PhaseResult> {
  const { signal } = interrupted;
  if (phase === 'check') return runCheck(signal);
  if (phase === 'unit') return runJest(phase, { workers: 2 }, signal);
  const started = performance.now();
  try {
    infrastructure ??= await startInfrastructure();
  } catch (error) {
    console.error(error);
    const seconds = Math.round((performance.now() - started) / 1000);
    return { phase, passed: 0, failed: 1, seconds, failures: [`no infrastructure: ${String(error)}`] };
  }
  const environment = { TEST_INFRASTRUCTURE: JSON.stringify(infrastructure.addresses) };
  return runJest(phase, { workers: 2, environment }, signal);
}

function summarize(): void {
  const sum = (count: 'passed' | 'failed' | 'seconds') => results.reduce((total, result) => total + result[count], 0);
  console.log('');
  for (const { phase, passed, failed, seconds, failures } of results) {
    const counts = phase === 'check' ? (failed ? 'failed' : 'clean') : `${passed} passed, ${failed} failed`;
    console.log(`${phase.padEnd(10)}${counts.padEnd(26)}${seconds} s`);
    for (const failure of failures) console.log(`  ✕ ${failure}`);
    const line = { phase, passed, failed, seconds, on: infrastructure?.addresses.kind, failures };
    if (process.env.TEST_REPORT) appendFileSync(process.env.TEST_REPORT, `${JSON.stringify(line)}\n`);
  }
  const on = infrastructure ? ` on ${infrastructure.addresses.kind}` : '';
  console.log(
    `${'all'.padEnd(10)}${`${sum('passed')} passed, ${sum('failed')} failed`.padEnd(26)}${sum('seconds')} s${on}`,
  );
  if (interrupted.signal.aborted) process.exitCode = 130;
  else if (sum('failed') > 0) process.exitCode = 1;
}

function fail(message: string): never {
  console.error(message);
  process.exit(2);
}
