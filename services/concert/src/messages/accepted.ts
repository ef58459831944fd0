import { concert } from '#contracts';
import type { MessageOf } from '#messaging';

/** Every message the service obeys. */
export const accepted = [
  concert.createConcert,
  concert.createSchedule,
  concert.blockSeats,
  concert.holdSeats,
  concert.extendHold,
  concert.restoreHold,
  concert.confirmSeats,
  concert.revokeConfirm,
  concert.releaseHold,
  concert.cancelSeats,
  concert.countSeats,
] as const;

export type ConcertCommand = MessageOf<typeof accepted>;
