const began = performance.now();

/** One line on the console, with the seconds since the launcher began. Progress and failures only; the rest is in the logs. */
export function say(line: string): void {
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  process.stdout.write(`${seconds.padStart(6)} s  ${line}\n`);
}

/** One line on the error output, without a stack. */
export function complain(line: string): void {
  process.stderr.write(`${line}\n`);
}
