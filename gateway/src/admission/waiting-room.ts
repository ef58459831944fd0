import { Inject, Injectable } from '@nestjs/common';
import type { queue } from '#contracts';
import { SETTINGS } from '#service';
import type { GatewaySettings } from '../config.js';
import { EndedPlaces } from './ended-places.js';
import { LeaseRenewals } from './lease-renewals.js';
import type { QueuePlace } from './queue-place.js';
import { QueueTokens, type TokenFacts } from './queue-token.js';
import type { Room } from './room.js';
import { SnapshotView } from './snapshot-view.js';
import { placeOf, type Standing } from './standing.js';
import { judge, type Judging, type Verdict } from './verdict.js';
import { estimatedWaitSeconds, pollAfterSeconds } from './wait.js';

const LEASE_PER_TTL = 1.5;

/** One reading of a room and its clock, for all that an answer says. */
interface Moment {
  readonly room: Room | undefined;
  /** The queue database's time, ms since 1970. */
  readonly now: number;
}

/** Judges queue tokens and shows places: the verdict, the clock, the signing and the renewal in one place. */
@Injectable()
export class WaitingRoom {
  constructor(
    private readonly tokens: QueueTokens,
    private readonly view: SnapshotView,
    private readonly ended: EndedPlaces,
    private readonly renewals: LeaseRenewals,
    @Inject(SETTINGS) private readonly settings: Pick<GatewaySettings, 'QUEUE_TOKEN_TTL_SECONDS'>,
  ) {}

  judgeToken(
    token: string,
    expected: Pick<Judging, 'userId' | 'concertId' | 'payLateMs'>,
  ): { facts: TokenFacts | null; room: Room | undefined; verdict: Verdict } {
    const facts = this.tokens.verify(token);
    const room = facts ? this.view.room(facts.concertId) : undefined;
    return { facts, room, verdict: this.judge(facts, room, expected) };
  }

  /** The place of somebody whose token was accepted; while WAITING with a renewed token. */
  async show(standing: Standing): Promise<QueuePlace> {
    const { facts, room, verdict, token } = standing;
    const now = this.now(room);
    if (verdict.status === 'ACTIVE') return this.describe(facts, verdict, token, { room, now });
    const renewed = await this.renew({ ...facts, shownPosition: verdict.position }, { room, now });
    return this.describe(renewed, verdict, this.tokens.sign(renewed), { room, now });
  }

  /** The place that the queue service has just given, or given again, with a fresh token. */
  showJoined(place: queue.Place): { place: QueuePlace; status: 'WAITING' | 'ACTIVE' } {
    const room = this.view.room(place.concertId);
    const now = this.now(room);
    const leaseUntil = Date.parse(place.leaseUntil);
    const facts: TokenFacts = {
      ...placeOf(place),
      userId: place.userId,
      issuedAt: Date.parse(place.issuedAt),
      expiresAt: Math.min(now + this.ttlMs(room), leaseUntil),
      leaseUntil,
      shownPosition: null,
    };
    const judged = this.judge(facts, room, { userId: place.userId, payLateMs: 0 });
    const verdict = judged.status === 'ACTIVE' || judged.status === 'WAITING' ? judged : asAnswered(place);
    const shown = verdict.status === 'WAITING' ? { ...facts, shownPosition: verdict.position } : facts;
    return { place: this.describe(shown, verdict, this.tokens.sign(shown), { room, now }), status: verdict.status };
  }

  private judge(
    facts: TokenFacts | null,
    room: Room | undefined,
    expected: Pick<Judging, 'userId' | 'concertId' | 'payLateMs'>,
  ): Verdict {
    const endedHere = facts ? this.ended.of(facts.tokenId) : undefined;
    const stale = room?.isStale(performance.now()) ?? true;
    return judge(facts, room, this.now(room), { ...expected, endedHere, stale });
  }

  /** exp = now + ttl, but never past the lease; the lease is made longer first where that is needed. */
  private async renew(facts: TokenFacts, { room, now }: Moment): Promise<TokenFacts> {
    const ttlMs = this.ttlMs(room);
    const wanted = now + ttlMs;
    const longer = now + LEASE_PER_TTL * ttlMs;
    const leaseUntil = await this.renewals.lease(placeOf(facts), facts.leaseUntil, wanted, longer);
    return { ...facts, leaseUntil, expiresAt: Math.max(facts.expiresAt, Math.min(wanted, leaseUntil)) };
  }

  private describe(facts: TokenFacts, verdict: Standing['verdict'], token: string, { room, now }: Moment): QueuePlace {
    const active = verdict.status === 'ACTIVE';
    const position = active ? 0 : verdict.position;
    const expiresAt = active ? verdict.activeUntil : facts.expiresAt;
    const salesOpenAt = room?.snapshot.salesOpenAt ?? null;
    return {
      concertId: facts.concertId,
      status: verdict.status,
      mode: room?.snapshot.mode ?? 'OPEN',
      message: null,
      token,
      queueNumber: facts.queueNumber,
      position,
      estimatedWaitSeconds: active ? 0 : estimatedWaitSeconds(room, position, now),
      opensAt: salesOpenAt !== null && Date.parse(salesOpenAt) > now ? salesOpenAt : null,
      expiresAt: new Date(expiresAt).toISOString(),
      expiresInSeconds: Math.max(0, Math.floor((expiresAt - now) / 1000)),
      pollAfterSeconds: this.pollAfter(room, active ? null : position, now),
    };
  }

  private pollAfter(room: Room | undefined, position: number | null, now: number): number {
    return pollAfterSeconds({ room, position, now, ttlSeconds: this.ttlMs(room) / 1000 }, Math.random());
  }

  /** The queue database's time; before the first snapshot our own clock stands in. */
  private now(room: Room | undefined): number {
    return room?.now(performance.now()) ?? Date.now();
  }

  private ttlMs(room: Room | undefined): number {
    return room?.passMs ?? this.settings.QUEUE_TOKEN_TTL_SECONDS * 1000;
  }
}

/** A first decision that is told again may speak of a place that has ended since: it is shown as it was. */
function asAnswered(place: queue.Place): Standing['verdict'] {
  if (place.activeUntil !== null) return { status: 'ACTIVE', activeUntil: Date.parse(place.activeUntil) };
  return { status: 'WAITING', position: null };
}
