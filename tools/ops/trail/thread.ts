import type { KafkaRecord } from '#messaging';
import { drawnAt, marksOf } from './marks.js';

/** Clocks of those who draw ids and of the broker are this far apart at most. */
const clockSlackMs = 60_000;

export interface ThreadLimits {
  readonly records: number;
  readonly names: number;
}

/**
 * What belongs to one id, gathered over readings of the topics: each record that it is found by brings ids of its own,
 * by which the next reading finds more. Keeps only what belongs to it, and of that no more than its limits.
 */
export class Thread {
  private readonly names: Set<string>;
  private readonly found = new Map<string, KafkaRecord>();
  /** True once something was left out, because the limits were reached. */
  cut = false;

  constructor(
    given: string,
    private readonly limits: ThreadLimits,
  ) {
    this.names = new Set([given]);
  }

  /** Keeps the record if it belongs to the thread. */
  take(record: KafkaRecord): void {
    const place = placeOf(record);
    if (this.found.has(place)) return;
    const { all, followed } = marksOf(record);
    if (![...all].some((name) => this.names.has(name))) return;
    if (this.found.size >= this.limits.records) {
      this.cut = true;
      return;
    }
    this.found.set(place, record);
    for (const name of followed) this.follow(name);
  }

  /** All that was found, in no order. */
  get records(): readonly KafkaRecord[] {
    return [...this.found.values()];
  }

  /** Grows with what is known: when a reading leaves it as it was, there is no more to find. */
  get size(): number {
    return this.found.size + this.names.size;
  }

  get ids(): readonly string[] {
    return [...this.names];
  }

  /** When the oldest of its ids was drawn, ms since 1970 with some slack; null while no id says when. */
  get since(): number | null {
    const times = this.ids.map(drawnAt).filter((time) => time !== null);
    return times.length > 0 ? Math.min(...times) - clockSlackMs : null;
  }

  private follow(name: string): void {
    if (this.names.has(name)) return;
    if (this.names.size < this.limits.names) this.names.add(name);
    else this.cut = true;
  }
}

/** Where a record lies: `topic/partition@offset`. */
export function placeOf({ topic, partition, offset }: KafkaRecord): string {
  return `${topic}/${partition}@${offset}`;
}
