import { concert, queue } from '#contracts';
import type { MessageOf } from '#messaging';

export const queueCommands = [
  queue.joinQueue,
  queue.renewLease,
  queue.noteArrival,
  queue.leaveQueue,
  queue.expireToken,
  queue.tick,
  queue.publishSnapshot,
  queue.purgePlaces,
  queue.drawNumbersOfPage,
  queue.changeControls,
  queue.resetQueue,
] as const;
export type QueueCommand = MessageOf<typeof queueCommands>;

export const concertEvents = [concert.concertCreated, concert.seatsCounted] as const;
export type ConcertEvent = MessageOf<typeof concertEvents>;
