import { refusalOf } from '../admission/admission.interceptor.js';
import type { TokenFacts } from '../admission/queue-token.js';
import type { Room } from '../admission/room.js';
import type { Standing } from '../admission/standing.js';
import type { Shown, WaitingRoom } from '../admission/waiting-room.js';
import { type Problem, problemDocument } from '../problems/problem.js';
import { EventStream, eventText, heartbeat } from './event-stream.js';
import { isDue, type PlaceEvents, tickOf, type Told } from './place-events.js';

const HEARTBEAT_MS = 10_000;
/** A reader who takes nothing for so long is cut off. */
const SLOW_READER_MS = 10_000;
/** A replica that is behind the tick a stream is resumed from has so long to catch up. */
const CATCH_UP_MS = 5_000;

export interface Opening {
  readonly standing: Standing;
  readonly userId: string;
  readonly path: string;
  readonly traceId: string;
  /** End of the access token, ms since 1970: who goes on listening comes again with a fresh one. */
  readonly endsAt: number;
  /** The tick of the last event that the client has seen. */
  readonly resumedFrom: number | null;
}

/** One visitor who listens. It keeps no timer: it is looked at when its line changes, and every second. */
export class PlaceStream {
  readonly events = new EventStream();
  private readonly openedAt = performance.now();
  private facts: TokenFacts;
  private told: Told = { at: null, tick: 0, position: null, mode: '' };
  private writtenAt = this.openedAt;
  private renewing = false;
  isOver = false;

  constructor(
    private readonly waitingRoom: WaitingRoom,
    private readonly text: PlaceEvents,
    private readonly opening: Opening,
    retryMs: number,
  ) {
    this.facts = opening.standing.facts;
    this.events.write(`retry: ${retryMs}\n\n`, this.openedAt);
  }

  /** Tells what there is to tell. */
  async look(now: number): Promise<void> {
    if (this.isOver || this.renewing) return;
    const { room, verdict } = this.waitingRoom.judgePlace(this.facts, { userId: this.opening.userId, payLateMs: 0 });
    const refusal = refusalOf(verdict, room);
    if (refusal) return this.refuse(refusal, room, now);
    const standing = { ...this.opening.standing, facts: this.facts, room, verdict: verdict as Standing['verdict'] };
    if (standing.verdict.status === 'ACTIVE') return this.tellActive(standing, now);
    if (Date.now() >= this.opening.endsAt) return this.close();
    if (this.events.fullFor(now) > SLOW_READER_MS) return this.cut();
    if (this.isBehind(room, now)) return;
    const seen = { now, tick: tickOf(room), position: standing.verdict.position, mode: room?.snapshot.mode ?? '' };
    if (isDue(this.told, { ...seen, tokenMs: this.waitingRoom.tokenMs(room) })) await this.tell(standing, seen, now);
    else if (now - this.writtenAt >= HEARTBEAT_MS) this.write(heartbeat, now);
  }

  /** Ends it after what was told, as a client does that means to come again. */
  close(): void {
    this.isOver = true;
    this.events.end();
  }

  private cut(): void {
    this.isOver = true;
    this.events.cut();
  }

  private async tellActive(standing: Standing, now: number): Promise<void> {
    const shown = await this.shown(standing);
    if (this.isOver) return;
    this.write(this.text.text('active', shown, standing.room), now);
    this.close();
  }

  private async tell(standing: Standing, seen: Omit<Told, 'at'>, now: number): Promise<void> {
    const shown = await this.shown(standing);
    if (this.isOver) return;
    this.facts = shown.facts;
    if (this.write(this.text.text('place', shown, standing.room), now)) this.told = { ...seen, at: now };
  }

  /** One at a time: a renewal may wait for the broker. */
  private shown(standing: Standing): Promise<Shown> {
    this.renewing = true;
    return this.waitingRoom.look(standing).finally(() => (this.renewing = false));
  }

  /** Nothing older is told than what the client has seen, unless this replica does not catch up. */
  private isBehind(room: Room | undefined, now: number): boolean {
    const { resumedFrom } = this.opening;
    return resumedFrom !== null && tickOf(room) < resumedFrom && now - this.openedAt < CATCH_UP_MS;
  }

  private refuse(problem: Problem, room: Room | undefined, now: number): void {
    const { path, traceId } = this.opening;
    const event = problem.code === 'INVALID_TOKEN' ? 'reset' : problem.code === 'QUEUE_CLOSED' ? 'closed' : 'expired';
    this.write(eventText(event, tickOf(room), JSON.stringify(problemDocument(problem, path, traceId))), now);
    this.close();
  }

  private write(text: string, now: number): boolean {
    const written = this.events.write(text, now);
    if (written) this.writtenAt = now;
    return written;
  }
}
