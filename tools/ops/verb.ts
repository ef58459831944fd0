import { parseArgs, type ParseArgsOptionsConfig } from 'node:util';
import { CannotDo } from './outcomes.js';
import { json, plain } from './table.js';
import type { Terminal } from './terminal.js';

export interface Verb {
  /** What it is for, in a line of the overview. */
  readonly summary: string;
  /** @returns the exit code. @throws CannotDo, SaidNo with the one line to be said. */
  run(args: readonly string[], terminal: Terminal, environment: NodeJS.ProcessEnv): Promise<number>;
}

const shared = { json: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } } as const;
type Shared = typeof shared;

/** The options of a verb that changes something. */
export const changing = { reason: { type: 'string' }, yes: { type: 'boolean' } } as const;

/** The options of a verb that lists things. */
export const listing = { limit: { type: 'string' }, all: { type: 'boolean' } } as const;

type Parsed<Options extends ParseArgsOptionsConfig> = ReturnType<
  typeof parseArgs<{ options: Options & Shared; allowPositionals: true }>
>;

/** One call of a verb: its words after the verb's name, its options, and where it is shown. */
export interface Call<Options extends ParseArgsOptionsConfig = Record<never, never>> {
  readonly words: readonly string[];
  readonly options: Parsed<Options>['values'];
  readonly terminal: Terminal;
  readonly environment: NodeJS.ProcessEnv;
  /** Prints `value` itself with `--json`, else what `text` makes of it for people. */
  show<Value>(value: Value, text: (value: Value) => string): void;
}

/** A verb that understands `--help` and `--json` beside its own options. */
export function defineVerb<const Options extends ParseArgsOptionsConfig>(verb: {
  readonly summary: string;
  /** What `--help` says: each usage with its meaning, and the environment it reads. */
  readonly help: string;
  readonly options: Options;
  run(call: Call<Options>): Promise<number>;
}): Verb {
  return {
    summary: verb.summary,
    async run(args, terminal, environment) {
      const { values, positionals } = parse({ ...verb.options, ...shared }, args);
      const options = values as Parsed<Options>['values'];
      if ((values as { help?: boolean }).help) {
        terminal.print(verb.help);
        return 0;
      }
      const asJson = (values as { json?: boolean }).json === true;
      return verb.run({
        words: positionals,
        options,
        terminal,
        environment,
        show: (value, text) => terminal.print(asJson ? json(value) : text(value)),
      });
    },
  };
}

function parse<Options extends ParseArgsOptionsConfig>(options: Options, args: readonly string[]) {
  try {
    return parseArgs({ options, args: [...args], allowPositionals: true });
  } catch (error) {
    const [line = ''] = (error as Error).message.split(/\. |\n/);
    throw new CannotDo(`${line}; --help shows what it understands`);
  }
}

/** A whole number from an option's text. */
export function wholeNumber(name: string, text: string, min: number, max: number): number {
  const value = /^\d{1,9}$/.test(text) ? Number(text) : NaN;
  if (value >= min && value <= max) return value;
  throw new CannotDo(`--${name} must be a whole number from ${min} to ${max}`);
}

/** How many items are wanted, of at most `most`. */
export function wantedItems({ limit = '20', all }: { limit?: string; all?: boolean }, most: number): number {
  return all ? most : wholeNumber('limit', limit, 1, most);
}

/** Why somebody wants to `act`, from `--reason`. */
export function reasonTo(act: string, reason: string | undefined): string {
  if (!reason?.trim()) throw new CannotDo(`--reason is missing: why ${act} it? It is kept in the audit log`);
  return reason;
}

/** Asks before something is changed. Without `--yes` and with nobody to ask, nothing is. */
export async function confirm(terminal: Terminal, yes: boolean | undefined, what: string): Promise<void> {
  if (yes) return;
  // It names what others wrote.
  const shown = plain(what);
  if (!terminal.interactive) throw new CannotDo(`this would ${shown}: nothing was changed, say --yes to do it`);
  if (!(await terminal.ask(`This would ${shown}. Do it? [y/N] `))) throw new CannotDo('nothing was changed');
}
