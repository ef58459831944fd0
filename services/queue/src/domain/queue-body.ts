import { queue } from '#contracts';
import { publishedDraw } from './draw.js';
import type { LineCounts } from './snapshot.js';
import type { Numbers, WaitingRoom } from './waiting-room.js';

/** A waiting room as operators see it: `GET /v1/admin/concerts/{concertId}/queue` of the public API. */
export interface QueueBody extends Readonly<Record<string, unknown>> {
  readonly concertId: string;
  readonly mode: queue.QueueMode;
  readonly waitingCount: number;
  readonly activeCount: number;
  readonly lastQueueNumber: number;
  readonly servingNumber: number;
  readonly activationBatch: number;
  readonly tickSeconds: number;
  readonly draw: queue.Draw | null;
  readonly updatedAt: string;
  readonly maxActive: number | null;
  readonly instantBelow: number | null;
  readonly generation: number;
  readonly message: string | null;
  /** Null before the first count. */
  readonly seatsLeft: number | null;
  /** Everybody's first. Numbers as the class counts them. */
  readonly classes: readonly ClassBody[];
}

/** `share`: of every batch, in percent. */
export interface ClassBody {
  readonly name: string;
  readonly share: number;
  /** Whether somebody can come in, with the code or, into everybody's, without. */
  readonly open: boolean;
  readonly waitingCount: number;
  readonly lastQueueNumber: number;
  readonly servingNumber: number;
}

export function queueBody(room: WaitingRoom, { waiting, active, waitingOf }: LineCounts, now: Date): QueueBody {
  const { concertId, mode, activationBatch, maxActive, instantBelow, generation, message } = room;
  return {
    concertId,
    mode,
    waitingCount: waiting,
    activeCount: active,
    lastQueueNumber: room.lastNumber,
    servingNumber: room.servingNumber,
    activationBatch,
    tickSeconds: room.tickMs / 1_000,
    draw: publishedDraw(room),
    updatedAt: now.toISOString(),
    maxActive,
    instantBelow,
    generation,
    message,
    seatsLeft: room.stock?.seatsLeft ?? null,
    classes: classBodies(room, waitingOf),
  };
}

function classBodies(room: WaitingRoom, waitingOf: LineCounts['waitingOf']): ClassBody[] {
  const shared = room.classes.reduce((sum, { share }) => sum + share, 0);
  const general = { name: queue.everybody, share: 100 - shared, open: true, numbers: room as Numbers };
  const others = room.classes.map((numbers) => {
    return { name: numbers.name, share: numbers.share, open: numbers.codeHash !== null, numbers };
  });
  return [general, ...others].map(({ numbers: { index, lastNumber, servingNumber }, ...named }) => ({
    ...named,
    waitingCount: waitingOf.get(index) ?? 0,
    lastQueueNumber: lastNumber - queue.numberBefore(index),
    servingNumber: servingNumber - queue.numberBefore(index),
  }));
}
