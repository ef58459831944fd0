import { Readable } from 'node:stream';

/** Kept for a reader who is behind, beside what the socket holds. */
const BUFFER_BYTES = 16 * 1024;

/** One server-sent event. `data` is JSON, so that it has no line break. */
export function eventText(event: string, id: number, data: string): string {
  return `event: ${event}\nid: ${id}\ndata: ${data}\n\n`;
}

/** A comment: says nothing, and keeps proxies from closing what seems idle. */
export const heartbeat = ':\n\n';

/**
 * The body of one answer that goes on. Never holds more than its buffer and one event: what does not fit is not written, which
 * loses nothing, as each event tells all there is to know.
 */
export class EventStream {
  readonly body: Readable;
  /** Since when its reader has taken nothing, ms on the monotonic clock; null while there is room. */
  private fullSince: number | null = null;

  constructor() {
    this.body = new Readable({ highWaterMark: BUFFER_BYTES, read: () => (this.fullSince = null) });
  }

  /** @returns false when the reader is behind, and nothing was written. */
  write(text: string, now: number): boolean {
    if (this.fullSince !== null) return false;
    if (!this.body.push(text)) this.fullSince = now;
    return true;
  }

  fullFor(now: number): number {
    return this.fullSince === null ? 0 : now - this.fullSince;
  }

  /** After what was written has been read; a reader who is behind is cut off, or nobody could ever wait for the end. */
  end(): void {
    if (this.fullSince === null) this.body.push(null);
    else this.cut();
  }

  cut(): void {
    this.body.destroy();
  }
}
