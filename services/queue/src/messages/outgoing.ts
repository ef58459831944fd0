import { queue } from '#contracts';
import { type Context, type Outgoing, send } from '#messaging';
import type { Line } from '../domain/line.js';
import type { WaitingRoom } from '../domain/waiting-room.js';

export function sendSnapshot(snapshot: queue.QueueSnapshot, id: string): Outgoing {
  return send(queue.snapshot, id, snapshot);
}

/** What the batch ended, for the gateways; null where it ended nothing. */
export function tellEnded({ room: { concertId, generation }, ended }: Line, id: string): Outgoing | null {
  if (ended.spent.length + ended.left.length === 0) return null;
  return send(queue.placesEnded, id, { concertId, generation, ...ended });
}

/** The next page of a draw, as a command of its own: others of the concert come in between. */
export function drawOn({ concertId }: WaitingRoom, context: Context): Outgoing {
  return send(queue.drawNumbersOfPage, context.newId(), { concertId });
}

/** The rest of a purge, as a command of its own: others of the concert come in between. */
export function purgeAgain({ concertId }: WaitingRoom, context: Context): Outgoing {
  return send(queue.purgePlaces, context.newId(), { concertId });
}
