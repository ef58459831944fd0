import { isDeepStrictEqual } from 'node:util';
import { type Evidence, isUndecided, type Violation, violation } from './evidence.js';

/** One key has one decision, through whatever gateway and however often it is asked for. */
export function checkRepeats({ operations }: Evidence): Violation[] {
  const keyed = operations.filter((operation) => operation.key !== null && !isUndecided(operation));
  const violations: Violation[] = [];
  for (const [first, ...others] of Map.groupBy(keyed, ({ fan, kind, key }) => `${fan} ${kind} ${key}`).values()) {
    for (const other of others) {
      if (first!.status === other.status && isDeepStrictEqual(first!.answer, other.answer)) continue;
      const detail = `key ${other.key} was answered ${first!.status} and ${other.status}, or with two bodies`;
      violations.push(violation('two decisions of one key', detail, first!, other));
    }
  }
  return violations;
}
