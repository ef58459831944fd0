import { Inject, Injectable, Logger, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { Counter, Gauge, SETTINGS } from '#service';
import type { Readable } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';
import { EndedPlaces } from '../admission/ended-places.js';
import { SnapshotView } from '../admission/snapshot-view.js';
import { WaitingRoom } from '../admission/waiting-room.js';
import type { GatewaySettings } from '../config.js';
import { overloaded } from '../problems/problem.js';
import { PlaceEvents } from './place-events.js';
import { type Opening, PlaceStream } from './place-stream.js';

const open = new Gauge({ name: 'gateway_queue_streams', help: 'Visitors who listen to their place in line' });
const refused = new Counter({
  name: 'gateway_queue_streams_refused_total',
  help: 'Streams refused: too many are open',
});

/** All streams are looked at so often, for what comes by time. */
const LOOK_MS = 1_000;
/** Looked at in one turn of the event loop: some ms when all of them have something to be told. */
const STREAMS_PER_TURN = 200;
/** A few tabs; nobody takes the streams of all others with one token. */
const STREAMS_PER_PLACE_MAX = 4;
/** Until a refused client tries a stream again. It polls meanwhile. */
const REFUSED_RETRY_SECONDS = 30;
/** Clients of a stream that ended come back within this time, spread, so that a replica that stops does no harm to the next. */
const RETRY_MS = { least: 500, spread: 4_500 };

/** The visitors who listen instead of asking again. Bounded, and with one timer for all of them. */
@Injectable()
export class QueueStreams implements OnModuleInit, OnModuleDestroy {
  private readonly logger = new Logger(QueueStreams.name);
  private readonly ofConcert = new Map<string, Set<PlaceStream>>();
  private readonly ofPlace = new Map<string, Set<PlaceStream>>();
  private readonly text = new PlaceEvents();
  /** Concerts whose streams are to be looked at. */
  private readonly changed = new Set<string>();
  private looking = false;
  private count = 0;
  private stopping = false;
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly waitingRoom: WaitingRoom,
    view: SnapshotView,
    ended: EndedPlaces,
    @Inject(SETTINGS) private readonly settings: Pick<GatewaySettings, 'QUEUE_STREAMS_MAX'>,
  ) {
    view.onChange((concertId) => this.lookAtConcert(concertId));
    ended.onEnded(({ concertId, queueNumber }) => {
      for (const stream of this.ofPlace.get(keyOf(concertId, queueNumber)) ?? []) this.lookAt(stream);
    });
  }

  onModuleInit(): void {
    this.timer = setInterval(() => {
      for (const concertId of this.ofConcert.keys()) this.lookAtConcert(concertId);
    }, LOOK_MS).unref();
  }

  /** Before the server closes, which waits for open answers. */
  onModuleDestroy(): void {
    this.stopping = true;
    clearInterval(this.timer);
    for (const streams of this.ofConcert.values()) for (const stream of streams) stream.close();
  }

  /**
   * The events of an accepted place, as the body of an answer.
   * @throws Problem OVERLOADED
   */
  open(opening: Opening): Readable {
    const { concertId, queueNumber } = opening.standing.facts;
    const key = keyOf(concertId, queueNumber);
    if (this.stopping) throw overloaded('The gateway is shutting down.');
    const isFull = this.count >= this.settings.QUEUE_STREAMS_MAX;
    if (isFull || (this.ofPlace.get(key)?.size ?? 0) >= STREAMS_PER_PLACE_MAX) {
      refused.inc();
      throw overloaded('Too many streams are open: ask for the place instead.', REFUSED_RETRY_SECONDS);
    }
    const retryMs = Math.round(RETRY_MS.least + RETRY_MS.spread * Math.random());
    const stream = new PlaceStream(this.waitingRoom, this.text, opening, retryMs);
    addTo(this.ofConcert, concertId, stream);
    addTo(this.ofPlace, key, stream);
    open.set(++this.count);
    // Once, whether it ended, was cut or lost its reader: Fastify destroys the body of an answer that nobody takes.
    stream.events.body.once('close', () => {
      stream.isOver = true;
      removeFrom(this.ofConcert, concertId, stream);
      removeFrom(this.ofPlace, key, stream);
      open.set(--this.count);
    });
    this.lookAt(stream);
    return stream.events.body;
  }

  private lookAt(stream: PlaceStream): void {
    stream.look(performance.now()).catch((error: unknown) => this.logger.error(error));
  }

  /** What changes again while the streams are looked at is seen by the next look. */
  private lookAtConcert(concertId: string): void {
    if (!this.ofConcert.has(concertId)) return;
    this.changed.add(concertId);
    if (this.looking) return;
    this.looking = true;
    void this.lookAtChanged().finally(() => (this.looking = false));
  }

  private async lookAtChanged(): Promise<void> {
    for (const concertId of this.changed) {
      this.changed.delete(concertId);
      let looked = 0;
      for (const stream of this.ofConcert.get(concertId) ?? []) {
        if (looked++ % STREAMS_PER_TURN === 0) await turn();
        this.lookAt(stream);
      }
    }
  }
}

function keyOf(concertId: string, queueNumber: number): string {
  return `${concertId} ${queueNumber}`;
}

function addTo(sets: Map<string, Set<PlaceStream>>, key: string, stream: PlaceStream): void {
  sets.set(key, (sets.get(key) ?? new Set()).add(stream));
}

function removeFrom(sets: Map<string, Set<PlaceStream>>, key: string, stream: PlaceStream): void {
  const set = sets.get(key);
  set?.delete(stream);
  if (set?.size === 0) sets.delete(key);
}
