import type { queue } from '#contracts';

/** `GET …/queue` of the public API. */
export interface PublicQueue {
  readonly concertId: string;
  readonly mode: queue.QueueMode;
  readonly waitingCount: number;
  readonly activeCount: number;
  readonly lastQueueNumber: number;
  readonly servingNumber: number;
  readonly activationBatch: number;
  readonly tickSeconds: number;
  readonly updatedAt: string;
}

/** The public part of a snapshot. */
export function publicQueue(snapshot: queue.QueueSnapshot): PublicQueue {
  const { concertId, mode, waitingCount, activeCount, lastQueueNumber, servingNumber, activationBatch } = snapshot;
  return {
    concertId,
    mode,
    waitingCount,
    activeCount,
    lastQueueNumber,
    servingNumber,
    activationBatch,
    tickSeconds: snapshot.tickMs / 1_000,
    updatedAt: snapshot.at,
  };
}
