import { type MessageContract, type PayloadOf } from '#contracts';
import type { ConcertCommand } from '../src/messages/accepted.js';

let sent = 0;

/** A command as the engine hands it over, its payload parsed against its contract. */
export function aCommand<C extends MessageContract>(contract: C, payload: PayloadOf<C>): ConcertCommand {
  sent += 1;
  return {
    id: `0198c0de-0000-7000-9000-${sent.toString(16).padStart(12, '0')}`,
    type: contract.type,
    payload: contract.payload.parse(payload),
    subject: contract.subject(payload),
    correlationId: 'a-request',
    traceparent: null,
    asker: null,
    repeated: false,
  } as ConcertCommand;
}
