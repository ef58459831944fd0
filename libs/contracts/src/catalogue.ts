import * as concertCommands from './concert/commands.js';
import * as concertEvents from './concert/events.js';
import type { MessageContract } from './message-contract.js';
import * as queueCommands from './queue/commands.js';
import * as queueEvents from './queue/events.js';
import * as queueSnapshot from './queue/snapshot.js';
import * as reservationCommands from './reservation/commands.js';
import * as reservationEvents from './reservation/events.js';
import * as walletCommands from './wallet/commands.js';

/** Every message contract of the system but the replies, which are alike on every reply topic. */
export const allContracts: readonly MessageContract[] = [
  queueCommands,
  queueSnapshot,
  queueEvents,
  concertCommands,
  concertEvents,
  reservationCommands,
  reservationEvents,
  walletCommands,
].flatMap((module) => Object.values(module).filter(isContract));

/** By which a service is asked to replay one of its dead letters. */
export const replayDeadLetter = {
  queue: queueCommands.replayDeadLetter,
  concert: concertCommands.replayDeadLetter,
  reservation: reservationCommands.replayDeadLetter,
  wallet: walletCommands.replayDeadLetter,
} as const;

function isContract(value: unknown): value is MessageContract {
  return typeof value === 'object' && value !== null && 'topic' in value && 'payload' in value;
}
