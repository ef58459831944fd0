import type { Rejection } from '#contracts';

/** A rule allows (null) or rejects what it is shown. */
export type Rule<Subject> = (subject: Subject) => Rejection | null;

/** The first "no" of the rules, in their order: the order is what the caller is told when several apply. */
export function firstRejection<Subject>(rules: readonly Rule<Subject>[], subject: Subject): Rejection | null {
  for (const rule of rules) {
    const rejection = rule(subject);
    if (rejection) return rejection;
  }
  return null;
}

/** Tells a rejection from what a decision brings when it is allowed; nothing else here has a `code`. */
export function isRejection<Result extends object>(result: Result | Rejection): result is Rejection {
  return 'code' in result;
}
