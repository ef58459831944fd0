import { CannotDo, reasonOf, SaidNo } from './ops/outcomes.js';
import { processTerminal } from './ops/terminal.js';
import { overview, verbs } from './ops/verbs.js';

/**
 * `npm run ops -- <verb> …`: what an operator looks at and does; in an image `node dist/tools/ops.js <verb> …`.
 * Exit codes: 0 done, 1 the answer is bad news, 2 it could not be done. Why is one line on stderr.
 */
async function main([name, ...args]: readonly string[]): Promise<number> {
  if (name === undefined || ['--help', '-h', 'help'].includes(name)) {
    processTerminal.print(await overview());
    return 0;
  }
  const load = Object.hasOwn(verbs, name) ? verbs[name] : undefined;
  if (!load) throw new CannotDo(`no verb ${name}: there are ${Object.keys(verbs).join(', ')}`);
  const { verb } = await load();
  return verb.run(args, processTerminal, process.env);
}

// Whoever reads has seen enough, as in `| head`.
process.stdout.on('error', () => process.exit());
try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  const expected = error instanceof CannotDo || error instanceof SaidNo;
  processTerminal.note(expected ? error.message : `it failed, which it never should: ${reasonOf(error)}`);
  process.exitCode = error instanceof SaidNo ? 1 : 2;
}
