import { Injectable } from '@nestjs/common';
import type { queue } from '#contracts';
import { SnapshotFeed } from '#messaging';
import { Gauge } from '#service';
import { Room } from './room.js';

const roomsKnown = new Gauge({ name: 'gateway_waiting_rooms', help: 'Waiting rooms this replica has a snapshot of' });

/** The waiting rooms as this replica knows them: of every concert the newest snapshot that came. */
@Injectable()
export class SnapshotView {
  private readonly rooms = new Map<string, Room>();
  private readonly listeners: ((concertId: string) => void)[] = [];
  private readonly expected = new Map<string, Set<() => void>>();

  constructor(feed: SnapshotFeed) {
    feed.subscribe((snapshot) => this.receive(snapshot));
  }

  room(concertId: string): Room | undefined {
    return this.rooms.get(concertId);
  }

  /** Calls back for each newer snapshot of a concert. */
  onChange(listener: (concertId: string) => void): void {
    this.listeners.push(listener);
  }

  /** Waits for the first snapshot of a concert, at most `withinMs`. False when it did not come. */
  async appears(concertId: string, withinMs: number): Promise<boolean> {
    if (this.rooms.has(concertId)) return true;
    const waiting = this.expected.get(concertId) ?? new Set();
    this.expected.set(concertId, waiting);
    return new Promise((resolve) => {
      const finish = (appeared: boolean) => {
        clearTimeout(timeout);
        waiting.delete(found);
        if (waiting.size === 0) this.expected.delete(concertId);
        resolve(appeared);
      };
      const found = () => finish(true);
      const timeout = setTimeout(() => finish(false), withinMs);
      waiting.add(found);
    });
  }

  private receive(snapshot: queue.QueueSnapshot): void {
    const known = this.rooms.get(snapshot.concertId);
    if (known && !isNewer(snapshot, known.snapshot)) return;
    this.rooms.set(snapshot.concertId, new Room(snapshot, performance.now(), known));
    roomsKnown.set(this.rooms.size);
    for (const found of this.expected.get(snapshot.concertId) ?? []) found();
    for (const listener of this.listeners) listener(snapshot.concertId);
  }
}

function isNewer(one: queue.QueueSnapshot, other: queue.QueueSnapshot): boolean {
  if (one.generation !== other.generation) return one.generation > other.generation;
  return one.version > other.version;
}
