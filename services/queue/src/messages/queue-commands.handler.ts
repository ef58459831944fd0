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
import { draw } from '../domain/draw.js';
import type { Line } from '../domain/line.js';
import { pageOf } from '../domain/purge.js';
import { show, showHeldBack } from '../domain/publishing.js';
import type { QueueRules } from '../domain/rules.js';
import { tick } from '../domain/tick.js';
import { leave, noteArrival, renew, spend } from '../domain/visit.js';
import { isDrawing } from '../domain/waiting-room.js';
import { placeBody } from './bodies.js';
import { LineLoader } from './line-loader.js';
import type { Lines, LoadedLine } from './lines.js';
import { type QueueCommand, queueCommands } from './accepted.js';
import { operate } from './operate.js';
import { drawOn, purgeAgain } from './outgoing.js';
import { Seeds } from './seeds.js';

/** Everything that happens in a line, in the order of the concert's partition. */
@BatchHandler({ topic: topics.queueCommands, accepts: queueCommands })
export class QueueCommandsHandler implements Handler<Lines, QueueCommand> {
  private readonly rules: QueueRules;

  constructor(
    private readonly lines: LineLoader,
    private readonly seeds: Seeds,
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
    const decision = this.apply(loaded, message, context);
    // A snapshot of this batch shows all of it, whatever comes after this message.
    if (!loaded.publish) loaded.publish = showHeldBackBy(message, loaded.line) || show(loaded.line);
    return decision;
  }

  /** @returns what ended, and the snapshots to send: only what is saved can tell what they show. */
  save(lines: Lines, tx: Transaction): Promise<readonly Outgoing[]> {
    return this.lines.save(lines, this.rules, tx);
  }

  private apply(loaded: LoadedLine, message: QueueCommand, context: Context): Decision {
    const { line } = loaded;
    switch (message.type) {
      case 'queue.JoinQueue.v1': {
        const joined = join(line, message.payload, this.rules);
        return { outcome: 'refused' in joined ? reject(joined.refused) : answer(placeBody(joined, line.room)) };
      }
      case 'queue.RenewLease.v1':
        renew(line, message.payload, new Date(message.payload.leaseUntil), this.rules);
        return { outcome: done };
      case 'queue.NoteArrival.v1': {
        const { estimatedAt } = message.payload;
        noteArrival(line, message.payload, estimatedAt === null ? null : new Date(estimatedAt));
        return { outcome: done };
      }
      case 'queue.LeaveQueue.v1':
        leave(line, message.payload);
        return { outcome: answer({}) };
      case 'queue.ExpireToken.v1':
        spend(line, message.payload);
        return { outcome: answer({}) };
      case 'queue.Tick.v1':
        tick(line, this.rules);
        return { outcome: done, send: isDrawing(line.room) ? [drawOn(line.room, context)] : [] };
      case 'queue.DrawNumbers.v1':
        return { outcome: done, send: draw(line) ? [drawOn(line.room, context)] : [] };
      case 'queue.PublishSnapshot.v1':
        return { outcome: done };
      case 'queue.PurgePlaces.v1': {
        const { doomed, more } = pageOf(loaded.purgeable);
        loaded.doomed = doomed;
        return { outcome: done, send: more ? [purgeAgain(line.room, context)] : [] };
      }
      case 'queue.ChangeControls.v1':
      case 'queue.ResetQueue.v1':
        return operate(loaded, message, this.seeds);
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
    case 'queue.ChangeControls.v1':
    case 'queue.ResetQueue.v1':
      return reject({ code: 'CONCERT_NOT_FOUND', detail: 'There is no waiting room for this concert.' });
    case 'queue.LeaveQueue.v1':
    case 'queue.ExpireToken.v1':
      return answer({});
    default:
      return done;
  }
}
