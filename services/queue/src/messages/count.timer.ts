import { Inject, Injectable } from '@nestjs/common';
import type { Due, Timer, Transaction } from '#messaging';
import { SETTINGS } from '#service';
import { type QueueSettings, rulesFrom } from '../config.js';
import { after } from '../domain/rules.js';
import { SnapshotStore } from '../postgres/snapshot.store.js';

/** As often as the changes of the longest lines are shown. */
const countEveryMs = 5_000;

/** Counts the long lines, which a tick that holds the room's lock has no time for. */
@Injectable()
export class CountTimer implements Timer {
  readonly name = 'count';

  constructor(
    private readonly snapshots: SnapshotStore,
    @Inject(SETTINGS) private readonly settings: QueueSettings,
  ) {}

  async find(tx: Transaction): Promise<Due> {
    await this.snapshots.countLongLines(rulesFrom(this.settings), tx);
    return { send: [], nextAt: after(tx.now, countEveryMs) };
  }
}
