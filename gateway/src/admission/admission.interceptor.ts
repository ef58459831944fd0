import { type CallHandler, type ExecutionContext, Inject, Injectable, type NestInterceptor } from '@nestjs/common';
import { Counter, SETTINGS } from '#service';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { from, type Observable, of, switchMap } from 'rxjs';
import type { GatewaySettings } from '../config.js';
import type { Answer } from '../endpoint/answer.js';
import { type Call, callOf } from '../endpoint/call.js';
import { Problem } from '../problems/problem.js';
import { Arrivals } from './arrivals.js';
import type { Room } from './room.js';
import { placeOf, type Standing } from './standing.js';
import type { EndedReason, Verdict } from './verdict.js';
import { WaitingRoom } from './waiting-room.js';

export const verdicts = new Counter({
  name: 'gateway_verdicts_total',
  help: 'Queue tokens judged, by verdict',
  labelNames: ['verdict'],
});

/** No admission, no service: a waiting visitor gets the renewed place, and nothing is forwarded. */
@Injectable()
export class AdmissionInterceptor implements NestInterceptor {
  constructor(
    private readonly waitingRoom: WaitingRoom,
    private readonly arrivals: Arrivals,
    @Inject(SETTINGS) private readonly settings: Pick<GatewaySettings, 'HOLD_SECONDS'>,
  ) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const http = context.switchToHttp();
    const request = http.getRequest<FastifyRequest>();
    const call = callOf(request);
    if (!call?.endpoint.admission) return next.handle();
    const standing = this.admit(call, request.headers['queue-token']);
    if (!standing) return next.handle();
    call.standing = standing;
    if (standing.verdict.status === 'ACTIVE') this.arrivals.note(standing.facts);
    void http.getResponse<FastifyReply>().header('Queue-Status', standing.verdict.status);
    if (standing.verdict.status === 'ACTIVE' || call.endpoint.admission === 'place') return next.handle();
    return from(this.showWaiting(standing)).pipe(switchMap((answer) => of(answer)));
  }

  /**
   * Null only where paying is asked for: whoever lost the answer of the payment that spent the token may have it again.
   * @throws Problem QUEUE_TOKEN_REQUIRED, INVALID_TOKEN, TOKEN_EXPIRED, QUEUE_CLOSED
   */
  private admit(call: Call, header: string | string[] | undefined): Standing | null {
    if (header === undefined || header === '') {
      throw new Problem('QUEUE_TOKEN_REQUIRED', "Send the concert's queue token as Queue-Token.");
    }
    const token = String(header);
    const { concertId } = call.params as { concertId?: string };
    const payLateMs = call.endpoint.admission === 'payment' ? this.settings.HOLD_SECONDS * 1000 : 0;
    const expected = { userId: call.userId, payLateMs, ...(concertId !== undefined && { concertId }) };
    const { facts, room, verdict } = this.waitingRoom.judgeToken(token, expected);
    verdicts.inc({ verdict: verdict.status });
    const isSpent = verdict.status === 'EXPIRED' && verdict.reason === 'SPENT';
    if (isSpent && call.endpoint.admission === 'payment') {
      call.spent = placeOf(facts!);
      return null;
    }
    const leaving = call.endpoint.method === 'DELETE';
    const refusal = refusalOf(verdict, leaving ? undefined : room);
    if (refusal) throw refusal;
    return { token, facts: facts!, place: placeOf(facts!), room, verdict: verdict as Standing['verdict'] };
  }

  private async showWaiting(standing: Standing): Promise<Answer> {
    const place = await this.waitingRoom.show(standing);
    const headers = { 'Queue-Token': place.token, 'Retry-After': String(place.pollAfterSeconds) };
    return { status: 202, body: place, headers };
  }
}

/** Why a token is not accepted; null when it is. A room that is CLOSED has nobody wait in it; without one its mode does not count. */
export function refusalOf(verdict: Verdict, room: Room | undefined): Problem | null {
  if (verdict.status === 'INVALID') return invalidToken(verdict.reason);
  if (verdict.status === 'EXPIRED') return tokenExpired(verdict.reason);
  if (verdict.status === 'WAITING' && room?.snapshot.mode === 'CLOSED') return queueClosed(room);
  return null;
}

export function invalidToken(reason: 'INVALID' | 'RESET'): Problem {
  const detail =
    reason === 'RESET'
      ? 'The line was started anew since the token was issued: join again.'
      : 'The token is not ours, or belongs to another user or another concert.';
  return new Problem('INVALID_TOKEN', detail, { members: { reason } });
}

const expiredDetail: Record<EndedReason, string> = {
  LAPSED: 'The place was not asked for in time: join again, perhaps you get the same one.',
  PASS_ENDED: 'The time of the pass is over: join again.',
  SPENT: 'The token was spent by a payment: join again to buy more.',
  LEFT: 'The place was given up: join again.',
};

export function tokenExpired(reason: EndedReason): Problem {
  return new Problem('TOKEN_EXPIRED', expiredDetail[reason], { members: { reason } });
}

function queueClosed(room: Room): Problem {
  const opensAt = room.opensAt(room.now(performance.now()));
  return new Problem('QUEUE_CLOSED', 'The waiting room is closed.', {
    members: { reason: room.snapshot.mode, opensAt },
  });
}
