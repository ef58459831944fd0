import { createInterface } from 'node:readline/promises';

/** Where a verb shows what it found, and whom it asks. */
export interface Terminal {
  /** Columns; undefined where the output goes elsewhere: nothing is cut then. */
  readonly width: number | undefined;
  /** Whether somebody is there to be asked. */
  readonly interactive: boolean;
  /** The answer itself. */
  print(text: string): void;
  /** What is said beside the answer, so that a script reads the answer alone. */
  note(text: string): void;
  ask(question: string): Promise<boolean>;
}

export const processTerminal: Terminal = {
  width: process.stdout.columns,
  interactive: process.stdin.isTTY === true && process.stderr.isTTY === true,
  print: (text) => void process.stdout.write(`${text}\n`),
  note: (text) => void process.stderr.write(`${text}\n`),
  async ask(question) {
    const line = createInterface({ input: process.stdin, output: process.stderr });
    // Ctrl-D is no answer, and so a no.
    const ended = new Promise<string>((resolve) => line.once('close', () => resolve('')));
    const answer = await Promise.race([line.question(question), ended]);
    line.close();
    return /^y(es)?$/i.test(answer.trim());
  },
};
