import type { History } from '../history.js';
import { Evidence, type Violation } from './evidence.js';
import { checkReads } from './reads.js';
import { checkRepeats } from './repeats.js';
import { checkSeats } from './seats.js';
import { checkWallets } from './wallets.js';

/**
 * Everything in a history that no system with one owner a seat and one order a wallet could have told; empty is right.
 * It looks at answers alone, and takes no part of the system's word on trust that an answer can contradict. Undecided
 * operations may or may not have happened. Time and memory grow with the square of what one seat, wallet or reservation saw.
 *
 * Not looked at: the ticket limit and the sale window; the order of queue numbers; seat lists; whether all balances of one
 * wallet fit one schedule at once (each must fit the entries, and follow those that it must follow); which of two undecided
 * payments of one price made a debit.
 */
export function violationsIn(history: History): Violation[] {
  const evidence = new Evidence(history);
  return [checkRepeats, checkSeats, checkWallets, checkReads].flatMap((check) => check(evidence));
}
