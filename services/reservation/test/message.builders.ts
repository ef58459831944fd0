import { concert, type MessageContract, type PayloadOf, reply as replies } from '#contracts';
import { readFileSync } from 'node:fs';
import type { Asker, Context, Message, Outgoing, Reply } from '#messaging';
import { v7 as uuidv7 } from 'uuid';
import { id, noon } from './reservation.builders.js';

/** A message as the engine hands it over; somebody waits for its answer unless `asker` is null. */
export function aMessage<C extends MessageContract>(
  contract: C,
  payload: PayloadOf<C>,
  given: { id?: string; asker?: Asker | null; repeated?: boolean } = {},
): Message<C> {
  const { id = uuidv7(), repeated = false } = given;
  return {
    id,
    type: contract.type,
    payload: contract.payload.parse(payload) as PayloadOf<C>,
    subject: contract.subject(payload),
    correlationId: `trail of ${id}`,
    traceparent: null,
    asker: given.asker === undefined ? anAsker(id) : given.asker,
    repeated,
  };
}

export const anAsker = (messageId = uuidv7(), correlationId = uuidv7()): Asker => ({
  replyTo: 'gateway.replies/3/gateway-1',
  correlationId,
  messageId,
});

/** The answer of another service to a command of ours. */
export const aReply = (to: Outgoing | undefined, body: Record<string, unknown> = {}): Reply => ({
  ...replyEnvelope(to),
  type: replies.answered.type,
  payload: { body, replayed: false },
});

export const aRefusal = (
  to: Outgoing | undefined,
  code: 'NOT_ENOUGH_BALANCE' | 'EXPIRED_RESERVATION',
  members = {},
): Reply => ({
  ...replyEnvelope(to),
  type: replies.rejected.type,
  payload: { code, detail: 'No.', members, replayed: false },
});

function replyEnvelope(to: Outgoing | undefined) {
  if (!to?.replyTo) throw new Error('nobody awaits a reply to this');
  const [, , subject = ''] = to.replyTo.split('/');
  return { id: uuidv7(), inReplyTo: to.id, subject, correlationId: 'trail' };
}

export const aContext = (now = noon): Context => ({ now, newId: () => uuidv7() });

/** The command that was sent under this contract. */
export const sentAs = (contract: MessageContract, send: readonly Outgoing[] = []): Outgoing | undefined =>
  send.find((outgoing) => outgoing.contract === contract);

/** The sample of a message in libs/contracts. */
export function sampleOf<C extends MessageContract>(contract: C): PayloadOf<C> {
  const [owner, name, version] = contract.type.split('.');
  return JSON.parse(readFileSync(`libs/contracts/samples/${owner}/${name}.${version}.json`, 'utf8')) as PayloadOf<C>;
}

/** SeatsHeld as the concert service says it of the seats of `aHeldReservation`: at noon, for ada, unless given otherwise. */
export const aSeatsHeld = (given: Partial<concert.SeatsHeld> = {}) =>
  aMessage(concert.seatsHeld, {
    ...sampleOf(concert.seatsHeld),
    reservationId: uuidv7(),
    concertId: id('concert'),
    scheduleId: id('schedule'),
    ...given,
  });
