import { createHash } from 'node:crypto';
import { Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { SharedRead } from './shared-read.js';

/** A body as it is sent, in bytes so that it is encoded once for all, and the mark it is compared by. */
export interface SharedBody {
  readonly bytes: Buffer;
  /** Weak: over everything but `asOf`, which only says when it was read. */
  readonly etag: string;
}

const TTL_MS = 1_000;
/** Reads kept at a time; beyond it a read is asked for alone. */
const READS_KEPT_MAX = 2_000;

/** Answers that are the same for everybody, shared for a second. Reads belong to a group that is forgotten as one. */
@Injectable()
export class SharedReads implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly groups = new Map<string, Map<string, SharedRead<SharedBody>>>();
  private kept = 0;
  private sweeping: NodeJS.Timeout | undefined;

  onApplicationBootstrap(): void {
    this.sweeping = setInterval(() => this.sweep(performance.now()), TTL_MS).unref();
  }

  onApplicationShutdown(): void {
    clearInterval(this.sweeping);
  }

  /** `ask` is called when no answer younger than a second is at hand. */
  async read(group: string, key: string, ask: () => Promise<string>): Promise<SharedBody> {
    const reads = this.groups.get(group) ?? new Map<string, SharedRead<SharedBody>>();
    let read = reads.get(key);
    if (!read) {
      read = new SharedRead(async () => marked(await ask()), TTL_MS);
      if (this.kept < READS_KEPT_MAX) {
        reads.set(key, read);
        this.groups.set(group, reads);
        this.kept += 1;
      }
    }
    return read.read(performance.now());
  }

  /** What was read of the group no longer holds: whoever asks from now on gets a newer answer. */
  forget(group: string): void {
    for (const read of this.groups.get(group)?.values() ?? []) read.forget();
  }

  private sweep(now: number): void {
    for (const [group, reads] of this.groups) {
      for (const [key, read] of reads) {
        if (!read.isIdle(now)) continue;
        reads.delete(key);
        this.kept -= 1;
      }
      if (reads.size === 0) this.groups.delete(group);
    }
  }
}

function marked(text: string): SharedBody {
  const { asOf: _, ...rest } = JSON.parse(text) as Record<string, unknown>;
  const etag = `W/"${createHash('sha256').update(JSON.stringify(rest)).digest('base64url').slice(0, 22)}"`;
  return { bytes: Buffer.from(text), etag };
}

/** Whether If-None-Match names the mark: weak comparison, so `W/` does not count. */
export function isUnchanged(ifNoneMatch: string | undefined, etag: string): boolean {
  if (ifNoneMatch === undefined) return false;
  if (ifNoneMatch.trim() === '*') return true;
  const opaque = (tag: string) => tag.trim().replace(/^W\//, '');
  return ifNoneMatch.split(',').some((tag) => opaque(tag) === opaque(etag));
}
