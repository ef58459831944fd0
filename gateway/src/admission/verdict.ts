import type { TokenFacts } from './queue-token.js';
import type { Room } from './room.js';

export type EndedReason = 'LAPSED' | 'PASS_ENDED' | 'SPENT' | 'LEFT';

export type Verdict =
  | { readonly status: 'INVALID'; readonly reason: 'INVALID' | 'RESET' }
  | { readonly status: 'EXPIRED'; readonly reason: EndedReason }
  /** `activeUntil`: end of the pass, ms since 1970. It has passed already when the pass only serves to pay late. */
  | { readonly status: 'ACTIVE'; readonly activeUntil: number }
  | { readonly status: 'WAITING'; readonly position: number | null };

export interface Judging {
  /** Whose access token came along. */
  readonly userId: string;
  /** The concert of the address, where it names one. */
  readonly concertId?: string;
  /** What this replica itself did to the place and no snapshot may show yet. */
  readonly endedHere?: 'SPENT' | 'LEFT' | undefined;
  /** The snapshot is too old to throw anybody out. */
  readonly stale: boolean;
  /** How long a pass may have ended and still count, ms; 0 for everything but paying. */
  readonly payLateMs: number;
}

/**
 * What a token may do, decided from the token and the room alone: with the same snapshot every replica says the same.
 * `token` is null when its signature is not ours; `room` is undefined before the first snapshot of its concert.
 * `now` is the queue database's time, ms since 1970.
 */
export function judge(token: TokenFacts | null, room: Room | undefined, now: number, judging: Judging): Verdict {
  if (!token || token.userId !== judging.userId) return invalid;
  if (judging.concertId !== undefined && token.concertId !== judging.concertId) return invalid;
  // A token of a newer generation is ahead of this replica's snapshot.
  const current = room && token.generation <= room.snapshot.generation ? room : undefined;
  if (current && token.generation < current.snapshot.generation) return { status: 'INVALID', reason: 'RESET' };
  if (judging.endedHere) return expired(judging.endedHere);
  // Not heard of yet, but signed by us: the place exists.
  if (!current) return { status: 'WAITING', position: token.shownPosition };

  const { queueNumber } = token;
  if (current.names('spent', queueNumber)) return expired('SPENT');
  if (current.names('left', queueNumber)) return expired('LEFT');
  const passedOver = current.names('passedOver', queueNumber);
  const activatedAt = passedOver ? undefined : current.activatedAt(queueNumber);
  if (activatedAt !== undefined) return judgePass(activatedAt + current.passMs, now, judging.payLateMs);
  if (passedOver) return expired('LAPSED');
  if (queueNumber <= current.snapshot.servingNumber) return expired('PASS_ENDED');
  if (now > token.expiresAt && !judging.stale) return expired('LAPSED');
  return { status: 'WAITING', position: shownPosition(current.position(queueNumber), token.shownPosition) };
}

function judgePass(activeUntil: number, now: number, payLateMs: number): Verdict {
  return now < activeUntil + payLateMs ? { status: 'ACTIVE', activeUntil } : expired('PASS_ENDED');
}

/** A shown position never rises, whichever replica answers. */
function shownPosition(computed: number, last: number | null): number {
  return last === null ? computed : Math.min(computed, last);
}

const invalid: Verdict = { status: 'INVALID', reason: 'INVALID' };

function expired(reason: EndedReason): Verdict {
  return { status: 'EXPIRED', reason };
}
