import { Injectable } from '@nestjs/common';
import type { PlaceReference } from '#contracts';
import { EndingFeed } from '#messaging';

export type Ended = 'SPENT' | 'LEFT';
type Numbered = Pick<PlaceReference, 'concertId' | 'generation' | 'queueNumber'>;

interface Line {
  readonly generation: number;
  readonly SPENT: Bitmap;
  readonly LEFT: Bitmap;
}

/**
 * Places that were spent or left, refused before any snapshot says so and after none does any more: those of all replicas,
 * as the queue service tells them, and those whose end this replica itself has answered. A bit for each number of a line.
 */
@Injectable()
export class EndedPlaces {
  private readonly lines = new Map<string, Line>();
  private readonly listeners: ((place: Numbered) => void)[] = [];

  constructor(feed: EndingFeed) {
    feed.subscribe(({ concertId, generation, spent, left }) => {
      for (const queueNumber of spent) this.add({ concertId, generation, queueNumber }, 'SPENT');
      for (const queueNumber of left) this.add({ concertId, generation, queueNumber }, 'LEFT');
    });
  }

  add(place: Numbered, how: Ended): void {
    const known = this.lines.get(place.concertId);
    // Tokens of older generations are refused as such.
    if (known && known.generation > place.generation) return;
    const line = known?.generation === place.generation ? known : fresh(place.generation);
    this.lines.set(place.concertId, line);
    line[how].add(place.queueNumber);
    for (const listener of this.listeners) listener(place);
  }

  of({ concertId, generation, queueNumber }: Numbered): Ended | undefined {
    const line = this.lines.get(concertId);
    if (line?.generation !== generation) return undefined;
    if (line.SPENT.has(queueNumber)) return 'SPENT';
    return line.LEFT.has(queueNumber) ? 'LEFT' : undefined;
  }

  /** Calls back for each ending, also for one that is told again. */
  onEnded(listener: (place: Numbered) => void): void {
    this.listeners.push(listener);
  }
}

function fresh(generation: number): Line {
  return { generation, SPENT: new Bitmap(), LEFT: new Bitmap() };
}

const PAGE_BITS = 65_536;

/** 125 KB for each million numbers; those of a class, or of registrations (negative), begin far from the others'. */
class Bitmap {
  private readonly pages = new Map<number, Uint8Array>();

  add(number: number): void {
    const page = Math.floor(number / PAGE_BITS);
    const bytes = this.pages.get(page) ?? new Uint8Array(PAGE_BITS / 8);
    this.pages.set(page, bytes);
    const bit = number - page * PAGE_BITS;
    bytes[bit >> 3]! |= 1 << (bit & 7);
  }

  has(number: number): boolean {
    const page = Math.floor(number / PAGE_BITS);
    const bit = number - page * PAGE_BITS;
    return ((this.pages.get(page)?.[bit >> 3] ?? 0) & (1 << (bit & 7))) !== 0;
  }
}
