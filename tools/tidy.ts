import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { tidy } from './tidy/tidy.js';

const text = /\.(ts|js|mjs|cjs|json|md|sh|yml|yaml|html|css)$|^\.ci\/run$|Dockerfile$/;

/** `npm run check` calls it in the project's root: prints what is untidy, and fails if anything is. */
function main(): void {
  const listed = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    encoding: 'utf8',
  });
  const files = listed
    .split('\0')
    .filter((path) => text.test(path) && existsSync(path) && statSync(path).isFile())
    .map((path) => ({ path, text: readFileSync(path, 'utf8') }));
  const findings = tidy(files, existsSync);
  for (const { path, line, rule, message } of findings) {
    console.error(`${path}${line === undefined ? '' : `:${line}`}  ${rule}  ${message}`);
  }
  if (findings.length > 0) process.exitCode = 1;
  console.log(`tidy: ${files.length} files, ${findings.length} findings`);
}

main();
