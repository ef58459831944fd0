import type { TokenFacts } from './queue-token.js';
import type { Room } from './room.js';

export type EndedReason = 'LAPSED' | 'PASS_ENDED' | 'SPENT' | 'LEFT';

export type Verdict =
  | { readonly status: 'INVALID'; readonly reason: 'INVALID' | 'RESET' }
  | { readonly status: 'EXPIRED'; readonly reason: EndedReason }
  /** `activeUntil`: end of the pass, ms since 1970. It has passed already when the pass only serves to pay late. */
  | { readonly status: 'ACTIVE'; readonly activeUntil: number }
  /** `position`: null where none can be told, and always before the draw of a pre-queue. */
  | { readonly status: 'WAITING'; readonly position: number | null };

export interface Judging {
  /** Whose access token came along. */
  readonly userId: string;
  /** The concert of the address, where it names one. */
  readonly concertId?: string;
  /** What was told of the place, or done by this replica itself, whether or not a snapshot shows it. */
  readonly endedHere?: 'SPENT' | 'LEFT' | undefined;
  /** Until when the pass runs that this replica answered a join with and no snapshot may show yet, ms since 1970. */
  readonly passHere?: number | undefined;
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
  const queueNumber = numberOf(token, current);
  const line = current?.lineOf(queueNumber);
  if (queueNumber !== null) {
    if (line?.names('spent', queueNumber)) return expired('SPENT');
    if (line?.names('left', queueNumber)) return expired('LEFT');
    if (judging.passHere !== undefined && (line?.isAhead(queueNumber) ?? true)) {
      return judgePass(judging.passHere, now, judging.payLateMs);
    }
  }
  // Not heard of yet, but signed by us: the place exists.
  if (!current || !line) return { status: 'WAITING', position: token.shownPosition };
  if (queueNumber === null) return judgeRegistration(token, current, now, judging);
  const passedOver = line.names('passedOver', queueNumber);
  const activatedAt = passedOver ? undefined : current.activatedAt(queueNumber);
  if (activatedAt !== undefined) return judgePass(activatedAt + current.passMs, now, judging.payLateMs);
  if (passedOver) return expired('LAPSED');
  if (!line.isAhead(queueNumber)) return expired('PASS_ENDED');
  if (now > token.expiresAt && !judging.stale) return expired('LAPSED');
  return { status: 'WAITING', position: shownPosition(line.position(queueNumber), token.shownPosition) };
}

/** What the place's number is in the line; null while it is to be drawn, for all that the room's snapshot tells. */
export function numberOf({ generation, queueNumber }: TokenFacts, room: Room | undefined): number | null {
  if (queueNumber > 0) return queueNumber;
  return room?.snapshot.generation === generation ? room.numberDrawn(-queueNumber) : null;
}

function judgeRegistration(token: TokenFacts, room: Room, now: number, { stale }: Judging): Verdict {
  if (room.gaveUp(-token.queueNumber)) return expired('LEFT');
  if (now > token.expiresAt && !stale) return expired('LAPSED');
  return { status: 'WAITING', position: null };
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
