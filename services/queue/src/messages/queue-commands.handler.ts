import { Inject } from '@nestjs/common';
import { topics } from '#contracts';
import {
  answer,
  BatchHandler,
  type Context,
  type Decision,
  done,
  type Handler,
  type Outcome,
  type Outgoing,
  reject,
  type Transaction,
} from '#messaging';
import { SETTINGS } from '#service';
import { type QueueSettings, rulesFrom } from '../config.js';
import { join } from '../domain/join.js';
import type { Line } from '../domain/line.js';
import { pageOf } from '../domain/purge.js';
import { show, showHeldBack } from '../domain/publishing.js';
import type { QueueRules } from '../domain/rules.js';
import { tick } from '../domain/tick.js';
import { leave, renew, spend } from '../domain/visit.js';
import { placeBody } from './bodies.js';
import { LineLoader } from './line-loader.js';
import type { Lines, LoadedLine } from './lines.js';
import { type QueueCommand, queueCommands } from './accepted.js';
import { purgeAgain } from './outgoing.js';

/** Everything that happens in a line, in the order of the concert's partition. */
@BatchHandler({ topic: topics.queueCommands, accepts: queueCommands })
export class QueueCommandsHandler implements Handler<Lines, QueueCommand> {
  private readonly rules: QueueRules;

  constructor(
    private readonly lines: LineLoader,
    @Inject(SETTINGS) settings: QueueSettings,
  ) {
    this.rules = rulesFrom(settings);
  }

  load(messages: readonly QueueCommand[], tx: Transaction): Promise<Lines> {
    return this.lines.load(messages, this.rules, tx);
  }

  decide(lines: Lines, message: QueueCommand, context: Context): Decision {
    const loaded = lines.get(message.payload.concertId);
    if (!loaded) return { outcome: withoutRoom(message) };
    const { line } = loaded;
    const outcome = this.apply(loaded, message);
    // A snapshot of this batch shows all of it, whatever comes after this message.
    if (!loaded.publish) loaded.publish = showHeldBackBy(message, line) || show(line);
    if (message.type !== 'queue.PurgePlaces.v1') return { outcome };
    return { outcome, send: loaded.morePurgeable ? [purgeAgain(line.room, context)] : [] };
  }

  /** @returns the snapshots to send: only what is saved can tell what they show. */
  save(lines: Lines, tx: Transaction): Promise<readonly Outgoing[]> {
    return this.lines.save(lines, this.rules, tx);
  }

  private apply(loaded: LoadedLine, message: QueueCommand): Outcome {
    const { line } = loaded;
    switch (message.type) {
      case 'queue.JoinQueue.v1': {
        const joined = join(line, message.payload, this.rules);
        return 'refused' in joined ? reject(joined.refused) : answer(placeBody(joined));
      }
      case 'queue.RenewLease.v1':
        renew(line, message.payload, new Date(message.payload.leaseUntil), this.rules);
        return done;
      case 'queue.LeaveQueue.v1':
        leave(line, message.payload);
        return answer({});
      case 'queue.ExpireToken.v1':
        spend(line, message.payload);
        return answer({});
      case 'queue.Tick.v1':
        tick(line, this.rules);
        return done;
      case 'queue.PublishSnapshot.v1':
        return done;
      case 'queue.PurgePlaces.v1': {
        const { doomed, more } = pageOf(loaded.purgeable);
        loaded.doomed = doomed;
        loaded.morePurgeable = more;
        return done;
      }
    }
  }
}

function showHeldBackBy(message: QueueCommand, line: Line): boolean {
  return message.type === 'queue.PublishSnapshot.v1' && showHeldBack(line);
}

/** No such concert: nobody can join it, and whatever a place of it asks is acknowledged. */
function withoutRoom(message: QueueCommand): Outcome {
  switch (message.type) {
    case 'queue.JoinQueue.v1':
      return reject({ code: 'CONCERT_NOT_FOUND', detail: 'There is no waiting room for this concert.' });
    case 'queue.LeaveQueue.v1':
    case 'queue.ExpireToken.v1':
      return answer({});
    default:
      return done;
  }
}
