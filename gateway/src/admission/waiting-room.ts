import { Inject, Injectable } from '@nestjs/common';
import { queue } from '#contracts';
import { SETTINGS } from '#service';
import type { GatewaySettings } from '../config.js';
import { chanceOf } from './chance.js';
import { EndedPlaces } from './ended-places.js';
import { GivenPasses } from './given-passes.js';
import { LeaseRenewals } from './lease-renewals.js';
import type { LineView, OwnView, QueuePlace } from './queue-place.js';
import { QueueTokens, type TokenFacts } from './queue-token.js';
import type { Room } from './room.js';
import { ShownPositions } from './shown-positions.js';
import { SnapshotView } from './snapshot-view.js';
import { placeOf, type Standing } from './standing.js';
import { judge, type Judging, numberOf, type Verdict } from './verdict.js';
import { estimatedWaitSeconds, pollAfterSeconds } from './wait.js';

const LEASE_PER_TTL = 1.5;

type Expected = Pick<Judging, 'userId' | 'concertId' | 'payLateMs'>;

/** One reading of a room and its clock, for all that an answer says. */
interface Moment {
  readonly room: Room | undefined;
  /** The queue database's time, ms since 1970. */
  readonly now: number;
}

/** A place as it is shown: what it shares with everybody in the line, what is its own, and what its token now says. */
export interface Shown {
  readonly facts: TokenFacts;
  readonly line: LineView;
  readonly own: OwnView;
}

/** Judges queue tokens and shows places: the verdict, the clock, the signing and the renewal in one place. */
@Injectable()
export class WaitingRoom {
  private readonly positions = new ShownPositions();

  constructor(
    private readonly tokens: QueueTokens,
    private readonly view: SnapshotView,
    private readonly ended: EndedPlaces,
    private readonly passes: GivenPasses,
    private readonly renewals: LeaseRenewals,
    @Inject(SETTINGS) private readonly settings: Pick<GatewaySettings, 'QUEUE_TOKEN_TTL_SECONDS'>,
  ) {}

  judgeToken(
    token: string,
    expected: Expected,
  ): { facts: TokenFacts | null; room: Room | undefined; verdict: Verdict } {
    const facts = this.tokens.verify(token);
    return { facts, ...this.judgePlace(facts, expected) };
  }

  /** The verdict on a token whose signature has been looked at; null: it is none of ours. */
  judgePlace(facts: TokenFacts | null, expected: Expected): { room: Room | undefined; verdict: Verdict } {
    const room = facts ? this.view.room(facts.concertId) : undefined;
    return { room, verdict: this.judge(facts, room, expected) };
  }

  /** The place of somebody whose token was accepted; while WAITING with a renewed token. */
  async show(standing: Standing): Promise<QueuePlace> {
    return placeShown(await this.look(standing));
  }

  /** The same, in its parts. */
  async look({ facts, room, verdict, token }: Standing): Promise<Shown> {
    const now = this.now(room);
    if (verdict.status === 'ACTIVE') return this.describe(facts, verdict, token, { room, now });
    // A replica that has not heard of the draw yet does not make the others forget what they showed.
    const shownPosition = verdict.position ?? facts.shownPosition;
    const told = this.estimated({ ...facts, shownPosition }, { room, now });
    const renewed = await this.renew(told, { room, now });
    return this.describe(renewed, verdict, this.tokens.sign(renewed), { room, now });
  }

  /**
   * The place that the queue service has just given, or given again, with a fresh token. `known`: a token that came along;
   * where it is of this very place, the position it was shown with holds.
   */
  showJoined(place: queue.Place, known: string | undefined): { place: QueuePlace; status: 'WAITING' | 'ACTIVE' } {
    const room = this.view.room(place.concertId);
    const now = this.now(room);
    const leaseUntil = Date.parse(place.leaseUntil);
    const before = known === undefined ? null : this.tokens.verify(known);
    const facts: TokenFacts = {
      ...placeOf(place),
      userId: place.userId,
      issuedAt: Date.parse(place.issuedAt),
      expiresAt: Math.min(now + this.tokenMs(room), leaseUntil),
      leaseUntil,
      ...(before?.tokenId === place.tokenId
        ? { shownPosition: before.shownPosition, estimatedAt: before.estimatedAt }
        : { shownPosition: null, estimatedAt: null }),
    };
    if (place.activeUntil !== null) this.passes.add(place.tokenId, Date.parse(place.activeUntil));
    const judged = this.judge(facts, room, { userId: place.userId, payLateMs: 0 });
    const verdict = judged.status === 'ACTIVE' || judged.status === 'WAITING' ? judged : asAnswered(place);
    const shown =
      verdict.status === 'WAITING'
        ? this.estimated({ ...facts, shownPosition: verdict.position }, { room, now })
        : facts;
    const described = placeShown(this.describe(shown, verdict, this.tokens.sign(shown), { room, now }));
    // No snapshot need show the class yet.
    return { place: { ...described, admissionClass: place.admissionClass }, status: verdict.status };
  }

  /** How long a renewed token lasts, ms. */
  tokenMs(room: Room | undefined): number {
    return room?.passMs ?? this.settings.QUEUE_TOKEN_TTL_SECONDS * 1000;
  }

  private judge(facts: TokenFacts | null, room: Room | undefined, expected: Expected): Verdict {
    const endedHere = facts ? this.ended.of(facts) : undefined;
    const passHere = facts ? this.passes.of(facts.tokenId) : undefined;
    const stale = room?.isStale(performance.now()) ?? true;
    const known = facts && { ...facts, shownPosition: this.positions.of(facts) };
    return judge(known, room, this.now(room), { ...expected, endedHere, passHere, stale });
  }

  /** exp = now + ttl, but never past the lease; the lease is made longer first where that is needed. */
  private async renew(facts: TokenFacts, { room, now }: Moment): Promise<TokenFacts> {
    const ttlMs = this.tokenMs(room);
    const wanted = now + ttlMs;
    const longer = now + LEASE_PER_TTL * ttlMs;
    const leaseUntil = await this.renewals.lease(placeOf(facts), facts.leaseUntil, wanted, longer);
    return { ...facts, leaseUntil, expiresAt: Math.max(facts.expiresAt, Math.min(wanted, leaseUntil)) };
  }

  /** With what the visitor is told of the wait now, where nothing was told before. */
  private estimated(facts: TokenFacts, { room, now }: Moment): TokenFacts {
    if (facts.estimatedAt !== null) return facts;
    const seconds = estimatedWaitSeconds(room, facts.shownPosition, now, room?.lineOf(numberOf(facts, room)));
    return seconds === null ? facts : { ...facts, estimatedAt: now + 1_000 * seconds };
  }

  private describe(facts: TokenFacts, verdict: Standing['verdict'], token: string, { room, now }: Moment): Shown {
    const active = verdict.status === 'ACTIVE';
    const position = active ? 0 : verdict.position;
    const expiresAt = active ? verdict.activeUntil : facts.expiresAt;
    const queueNumber = numberOf(facts, room);
    const registered = !active && queueNumber === null;
    const line = room?.lineOf(queueNumber);
    if (!active) this.positions.remember(facts.tokenId, position);
    const secondsLeft = Math.max(0, Math.floor((expiresAt - now) / 1000));
    // Whoever is registered may be the first.
    const next = active ? null : registered ? 1 : position;
    const wait = { room, position: next, now, tokenSeconds: secondsLeft };
    const own: OwnView = {
      status: registered ? 'PREQUEUE' : verdict.status,
      token,
      registration: facts.queueNumber < 0 ? -facts.queueNumber : null,
      admissionClass: line?.name ?? (queue.classOf(facts.queueNumber) === 0 ? queue.everybody : null),
      queueNumber: queueNumber === null ? null : queue.numberInClass(queueNumber),
      position,
      estimatedWaitSeconds: active ? 0 : estimatedWaitSeconds(room, position, now, line),
      chance: chanceOf(room, position, line),
      expiresAt: new Date(expiresAt).toISOString(),
      expiresInSeconds: secondsLeft,
      pollAfterSeconds: pollAfterSeconds(wait, Math.random()),
    };
    return { facts, line: lineOf(facts.concertId, { room, now }, registered), own };
  }

  /** The queue database's time; before the first snapshot our own clock stands in. */
  private now(room: Room | undefined): number {
    return room?.now(performance.now()) ?? Date.now();
  }
}

function lineOf(concertId: string, { room, now }: Moment, registered: boolean): LineView {
  return {
    concertId,
    mode: room?.snapshot.mode ?? 'OPEN',
    message: room?.snapshot.message ?? null,
    // Who is registered is told so until the draw is done.
    opensAt: (registered ? room?.snapshot.salesOpenAt : room?.opensAt(now)) ?? null,
  };
}

function placeShown({ line, own }: Shown): QueuePlace {
  return { ...line, ...own };
}

/** A first decision that is told again may speak of a place that has ended since: it is shown as it was. */
function asAnswered(place: queue.Place): Standing['verdict'] {
  if (place.activeUntil !== null) return { status: 'ACTIVE', activeUntil: Date.parse(place.activeUntil) };
  return { status: 'WAITING', position: null };
}
