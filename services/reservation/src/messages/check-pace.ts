import { FIRST_REPEAT_MS } from '../domain/pending-step.js';

/**
 * How often the sagas' timers look, ms: late by at most this. Nothing that begins after a look is due any sooner, be it a
 * step's first repeat or a short deadline.
 */
export function checkEveryMs(deadlineSeconds: number): number {
  return Math.min(FIRST_REPEAT_MS, (deadlineSeconds * 1_000) / 2);
}

/** Sagas a look finds at most; a full page is followed by the next at once. */
export const CHECK_PAGE = 500;
