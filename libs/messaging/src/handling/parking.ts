import { Logger } from '@nestjs/common';
import { newId } from '#service';
import { type ParkReason, storable } from '../postgres/dead-letter.store.js';
import { isUuid, type Parsed, type Unreadable } from '../messages/envelope.js';
import { isTransient } from './faults.js';
import type { Handler, ParkedMessage } from './handler.js';
import { inboxTakes, isTooOld } from '../postgres/inbox.store.js';
import type { Message } from '../messages/message.js';
import type { Reply } from '../messages/reply.js';
import type { Transaction } from '../postgres/transaction.js';

/** Why a message must be parked. */
export interface Condemned {
  readonly reason: ParkReason;
  readonly error: string;
  readonly attempts: number;
}

export interface PutAside {
  readonly read: Parsed | Unreadable;
  readonly cause: Condemned;
}

const logger = new Logger('parking');

/** Why a record must be parked without a look at the inbox, if it must. */
export function unfit(read: Parsed | Unreadable, now: Date): Condemned | null {
  if (isTooOld(read.record.appendedAt, now)) {
    return { reason: 'too old', error: 'older than message ids are remembered', attempts: 0 };
  }
  if (read.kind === 'malformed') return { reason: 'malformed', error: read.error, attempts: 1 };
  if (inboxTakes(read.message.id, now)) return null;
  return { reason: 'malformed', error: 'the id is neither from a key nor a UUIDv7 of these days', attempts: 1 };
}

/** Lets the handler note what is being parked. Nothing that it does wrong may hold the partition up. */
export async function tellHandler(
  handler: Handler<unknown, unknown>,
  aside: readonly PutAside[],
  tx: Transaction,
): Promise<void> {
  if (aside.length === 0 || !handler.onParked) return;
  try {
    await tx.attempt(() => handler.onParked!(aside.map(asParked), tx));
  } catch (error) {
    if (isTransient(error)) throw error;
    logger.error(error);
  }
}

function asParked({ read, cause: { reason, error } }: PutAside): ParkedMessage<unknown> {
  const { headers, key } = read.record;
  const id = headers['ce_id'];
  return {
    message: read.kind === 'message' ? read.message : null,
    id: id !== undefined && isUuid(id) ? id : newId(),
    type: headers['ce_type'] ?? '',
    subject: headers['ce_subject'] ?? key,
    reason,
    error: storable(error),
  };
}

export function askerOf(message: Message | Reply) {
  return 'asker' in message ? message.asker : null;
}
