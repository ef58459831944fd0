import type { MessageContract, PayloadOf, Rejection } from '#contracts';

/** Where an answer goes: a reply topic's partition, and the request it belongs to. */
export interface Asker {
  /** `topic/partition/key`, see `replyAddress`. */
  readonly replyTo: string;
  readonly correlationId: string;
  /** The id of the command being answered; replies carry it as `causationid`. */
  readonly messageId: string;
  /** Asks again what was asked before: the answer says that it is the first one's. */
  readonly repeated?: boolean;
}

/** A message as a handler sees it: parsed against its contract. */
export interface Message<C extends MessageContract = MessageContract> {
  readonly id: string;
  readonly type: C['type'];
  readonly payload: PayloadOf<C>;
  readonly subject: string;
  readonly correlationId: string;
  readonly traceparent: string | null;
  /** Null when nobody waits for an answer. */
  readonly asker: Asker | null;
  /** True when this id was handled before and its outcome is still open: only the asker is new. */
  readonly repeated: boolean;
}

/** The union of messages of a list of contracts, so that `switch (message.type)` narrows the payload. */
export type MessageOf<Contracts extends readonly MessageContract[]> = {
  [Index in keyof Contracts]: Contracts[Index] extends MessageContract ? Message<Contracts[Index]> : never;
}[number];

/** A message to be sent. The engine writes it to the outbox in the transaction that decided it. */
export interface Outgoing {
  readonly contract: MessageContract;
  readonly id: string;
  readonly payload: unknown;
  /** Who is to be answered: an address of our own, or null for nobody. */
  readonly replyTo: string | null;
  /** Defaults to that of the message being decided. */
  readonly correlationId?: string;
}

export type Outcome =
  | { readonly kind: 'answered'; readonly body: Readonly<Record<string, unknown>> }
  | ({ readonly kind: 'rejected' } & Rejection)
  /** The next service answers the asker: its address travels along. A repeat sends the same message again. */
  | { readonly kind: 'forwarded'; readonly message: Outgoing }
  /** A saga answers later (`Decision.answers`). A repeat is given to the handler again, as `repeated`. */
  | { readonly kind: 'open' }
  /** Nobody is to be answered. */
  | { readonly kind: 'done' };

export type Answer = Extract<Outcome, { kind: 'answered' | 'rejected' }>;

/** What `decide` says about one message, beside the change it made to the loaded state. */
export interface Decision {
  readonly outcome: Outcome;
  readonly send?: readonly Outgoing[];
  /** Answers to askers of earlier messages whose outcome was left open. */
  readonly answers?: readonly { readonly to: Asker; readonly answer: Answer }[];
  /** What the operator log says of it, where `answered` would say too little. */
  readonly noted?: string;
}

/** What a decision may know beside the state and the message. */
export interface Context {
  /** The service's database clock, read once per batch. */
  readonly now: Date;
  /** A fresh UUIDv7. */
  newId(): string;
}

export const answer = (body: Readonly<Record<string, unknown>>): Answer => ({ kind: 'answered', body });

export const reject = (rejection: Rejection): Answer => ({ kind: 'rejected', ...rejection });

export const done: Outcome = { kind: 'done' };

export const open: Outcome = { kind: 'open' };

/** Hands the asker over to the service that obeys, or reads, `contract`. */
export function forward<C extends MessageContract>(contract: C, id: string, payload: PayloadOf<C>): Outcome {
  return { kind: 'forwarded', message: { contract, id, payload, replyTo: null } };
}

/** A message to another service, or to ourselves. */
export function send<C extends MessageContract>(
  contract: C,
  id: string,
  payload: PayloadOf<C>,
  options: { replyTo?: string | null; correlationId?: string } = {},
): Outgoing {
  const { replyTo = null, correlationId } = options;
  return correlationId === undefined
    ? { contract, id, payload, replyTo }
    : { contract, id, payload, replyTo, correlationId };
}
