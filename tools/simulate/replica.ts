import { type MessageContract, type PayloadOf, queue } from '#contracts';
import { type CommandBus, type EndingFeed, Overloaded, type SnapshotFeed } from '#messaging';
import { EndedPlaces } from '../../gateway/src/admission/ended-places.js';
import { GivenPasses } from '../../gateway/src/admission/given-passes.js';
import { parseKeyRing } from '../../gateway/src/admission/key-ring.js';
import { LeaseRenewals } from '../../gateway/src/admission/lease-renewals.js';
import type { QueuePlace } from '../../gateway/src/admission/queue-place.js';
import { QueueTokens, type TokenFacts } from '../../gateway/src/admission/queue-token.js';
import { SnapshotView } from '../../gateway/src/admission/snapshot-view.js';
import { placeOf } from '../../gateway/src/admission/standing.js';
import type { Verdict } from '../../gateway/src/admission/verdict.js';
import { WaitingRoom } from '../../gateway/src/admission/waiting-room.js';
import { concertId, settings } from '../../services/queue/test/line.builders.js';
import type { Crowd } from './crowd.js';
import type { VirtualClock } from './virtual-clock.js';

/**
 * What a queue token says, without its signature, which costs more than all the rest and has tests of its own: the facts of
 * a visitor's newest token are in the crowd's columns.
 */
export class TokensInHand extends QueueTokens {
  /** Whose token is shown, or made. */
  visitor = 0;

  constructor(private readonly crowd: Crowd) {
    super(parseKeyRing(`none:${Buffer.alloc(32).toString('base64url')}`));
  }

  override sign({ queueNumber, tokenId, issuedAt, expiresAt, leaseUntil, shownPosition }: TokenFacts): string {
    const { crowd, visitor } = this;
    crowd.queueNumber[visitor] = queueNumber;
    crowd.tokenIds[visitor] = tokenId;
    crowd.issuedAt[visitor] = issuedAt;
    crowd.expiresAt[visitor] = expiresAt;
    crowd.leaseUntil[visitor] = leaseUntil;
    crowd.tokenPosition[visitor] = shownPosition ?? 0;
    return '';
  }

  override verify(): TokenFacts {
    const { crowd, visitor } = this;
    return {
      concertId,
      generation: 1,
      queueNumber: crowd.queueNumber[visitor]!,
      tokenId: crowd.tokenIds[visitor]!,
      userId: crowd.userIds[visitor]!,
      issuedAt: crowd.issuedAt[visitor]!,
      expiresAt: crowd.expiresAt[visitor]!,
      leaseUntil: crowd.leaseUntil[visitor]!,
      shownPosition: crowd.tokenPosition[visitor] || null,
      estimatedAt: null,
    };
  }
}

/** The broker, as whoever sends sees it. */
export interface Broker {
  /** Takes a command for the queue service; false while it is away. */
  send<C extends MessageContract>(contract: C, payload: PayloadOf<C>): boolean;
}

/** The admission of one gateway process, with a monotonic clock of its own and snapshots as old as they are there. */
export class Replica {
  /** Of the newest snapshot that came, and when it came. */
  version = 0;
  receivedAt = 0;
  private hear: (snapshot: queue.QueueSnapshot) => void = () => {};
  /** Hears of endings by snapshots alone, which come later than any other news of them. */
  private readonly ended = new EndedPlaces({ subscribe: () => {} } as Pick<EndingFeed, 'subscribe'> as EndingFeed);
  private readonly room: WaitingRoom;

  /** `startedAt`: in virtual time; `drift`: how much faster than the database's its clock runs, at most 0.001. */
  constructor(
    readonly index: number,
    private readonly clock: VirtualClock,
    private readonly process: { readonly startedAt: number; readonly drift: number },
    private readonly tokens: TokensInHand,
    private readonly broker: Broker,
  ) {
    const tell: CommandBus['tell'] = async (contract, payload) => {
      if (!broker.send(contract, payload)) throw new Overloaded();
    };
    const feed: Pick<SnapshotFeed, 'subscribe'> = { subscribe: (hear) => void (this.hear = hear) };
    const renewals = new LeaseRenewals({ tell } as CommandBus);
    this.room = new WaitingRoom(
      tokens,
      new SnapshotView(feed as SnapshotFeed),
      this.ended,
      new GivenPasses(),
      renewals,
      settings,
    );
  }

  /** As the snapshot topic has it, perhaps one that came before. */
  receive(snapshot: queue.QueueSnapshot): void {
    this.work();
    this.hear(snapshot);
    if (snapshot.version <= this.version) return;
    this.version = snapshot.version;
    this.receivedAt = this.clock.now;
  }

  judge(visitor: number, payLateMs = 0) {
    this.work(visitor);
    return this.room.judgeToken('', { userId: this.tokens.verify().userId, concertId, payLateMs });
  }

  /** The answer to a visitor who was judged just now to wait, or to have a pass. */
  show(visitor: number, { facts, room, verdict }: ReturnType<Replica['judge']>): Promise<QueuePlace> {
    this.work(visitor);
    const allowed = verdict as Extract<Verdict, { status: 'ACTIVE' | 'WAITING' }>;
    return this.room.show({ token: '', facts: facts!, place: placeOf(facts!), room, verdict: allowed });
  }

  showJoined(visitor: number, place: queue.Place): QueuePlace {
    this.work(visitor);
    return this.room.showJoined(place, undefined).place;
  }

  /** What the gateway does when a payment, or the leaving, was answered. False while there is no broker. */
  finish(visitor: number, how: 'SPENT' | 'LEFT'): boolean {
    this.work(visitor);
    const facts = this.tokens.verify();
    const place = placeOf(facts);
    const taken =
      how === 'LEFT'
        ? this.broker.send(queue.leaveQueue, place)
        : this.broker.send(queue.expireToken, { ...place, paymentId: facts.tokenId });
    if (taken) this.ended.add(place, how);
    return taken;
  }

  private work(visitor = this.tokens.visitor): void {
    this.tokens.visitor = visitor;
    this.clock.monotonic = (this.clock.now - this.process.startedAt) * (1 + this.process.drift);
  }
}
