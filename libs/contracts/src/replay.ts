import { z } from 'zod';
import { operation, uuid } from './values.js';

const replay = operation.extend({ deadLetterId: uuid });

/** What the ReplayDeadLetter commands of all services have in common; libs/messaging obeys them, not the services' handlers. */
export const ofDeadLetter = {
  payload: replay,
  key: ({ deadLetterId }: z.output<typeof replay>) => deadLetterId,
  subject: ({ deadLetterId }: z.output<typeof replay>) => deadLetterId,
  audited: true,
} as const;

/** The answer to a ReplayDeadLetter. */
export interface Replay extends Readonly<Record<string, unknown>> {
  readonly deadLetterId: string;
  /** Of the letter that was named: PARKED when it, or an earlier one of its subject, still cannot be handled. */
  readonly status: 'REPLAYED' | 'PARKED';
  /** How many letters were handled now: the named one, and those of its subject that had to wait with it. */
  readonly replayed: number;
  /** How many letters of its subject still lie there. */
  readonly remaining: number;
  /** Why the first of them still cannot be handled. Absent when it was not tried. */
  readonly error?: string;
}
