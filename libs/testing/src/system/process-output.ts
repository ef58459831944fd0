import type { Readable } from 'node:stream';

declare global {
  // Made per test file by libs/testing/jest/environment.js; absent outside Jest.
  var failureReporters: Set<(testName: string) => void> | undefined;
}

/** How many lines of each process are kept: the end tells why. */
const KEPT_LINES = 400;
/** What Nest says of every module and route on every start. */
const noise = /"context":"(InstanceLoader|RoutesResolver|RouterExplorer|NestFactory)"/;

/** The last lines a process wrote, for the moment when a test fails. */
export class ProcessOutput {
  private readonly lines: string[] = [];

  follow(stream: Readable | null): void {
    let rest = '';
    stream?.setEncoding('utf8').on('data', (chunk: string) => {
      const parts = `${rest}${chunk}`.split('\n');
      rest = parts.pop() ?? '';
      this.keep(parts);
    });
    stream?.on('end', () => this.keep(rest ? [rest] : []));
  }

  text(lines = KEPT_LINES): string {
    return this.lines.slice(-lines).join('\n');
  }

  private keep(lines: readonly string[]): void {
    this.lines.push(...lines.filter((line) => !noise.test(line)));
    this.lines.splice(0, Math.max(0, this.lines.length - KEPT_LINES));
  }
}

/** Prints the output of these processes whenever a test of the file fails. Returns how to end that. */
export function printOnFailure(outputs: () => Iterable<[name: string, output: ProcessOutput]>): () => void {
  const print = (testName: string) => {
    process.stderr.write(`\n===== processes of the failed test: ${testName}\n`);
    for (const [name, output] of outputs()) process.stderr.write(`----- ${name}\n${output.text(60)}\n`);
  };
  globalThis.failureReporters?.add(print);
  return () => globalThis.failureReporters?.delete(print);
}
