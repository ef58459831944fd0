import { queue } from '#contracts';
import { type Context, type Outgoing, send } from '#messaging';
import type { WaitingRoom } from '../domain/waiting-room.js';

export function sendSnapshot(snapshot: queue.QueueSnapshot, id: string): Outgoing {
  return send(queue.snapshot, id, snapshot);
}

/** The rest of a purge, as a command of its own: others of the concert come in between. */
export function purgeAgain({ concertId }: WaitingRoom, context: Context): Outgoing {
  return send(queue.purgePlaces, context.newId(), { concertId });
}
