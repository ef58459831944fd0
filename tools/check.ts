import { spawn } from 'node:child_process';

/**
 * `npm run check`: everything about the code that needs no running system. All run at once, and all are reported:
 * one that fails hides none of the others.
 */
const checks = ['types', 'lint', 'layout', 'imports', 'tidy'];

const started = performance.now();
const results = await Promise.all(checks.map(run));
for (const { check, code, output, seconds } of results) {
  console.log(`${code === 0 ? '✓' : '✗'} ${check} (${seconds} s)`);
  if (code !== 0) console.log(output.trimEnd());
}
const failed = results.filter(({ code }) => code !== 0).map(({ check }) => check);
if (failed.length > 0) {
  console.error(`check: ${failed.join(', ')} failed; npm run format puts the layout right`);
  process.exitCode = 1;
}

async function run(check: string): Promise<{ check: string; code: number; output: string; seconds: number }> {
  let output = '';
  const code = await new Promise<number>((resolve) => {
    const child = spawn('npm', ['run', '--silent', check], { stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text) => (output += text));
    child.once('error', () => resolve(1));
    child.once('close', (ended) => resolve(ended ?? 1));
  });
  return { check, code, output, seconds: Math.round((performance.now() - started) / 1000) };
}
