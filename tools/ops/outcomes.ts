/** It could not be done: a usage that nobody understands, nobody to talk to, no right to do it. Exit code 2. */
export class CannotDo extends Error {}

/** It was asked for in order, and the answer is no: there is no such thing, or it is past that. Exit code 1. */
export class SaidNo extends Error {}

/** Why something failed, in one line. A refused connection to several addresses has its reasons inside. */
export function reasonOf(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(reasonOf).join('; ');
  return (error instanceof Error ? error.message : String(error)).split('\n')[0] ?? '';
}
