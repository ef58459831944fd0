import type { MessageContract, PayloadOf, reply } from '#contracts';

/** How a command ended within the wait window. `pending`: it is durable, and not decided yet. */
export type Asked =
  | ({ readonly kind: 'answered' } & reply.Answered)
  | ({ readonly kind: 'rejected' } & reply.Rejected)
  | ({ readonly kind: 'parked' } & reply.Parked)
  | { readonly kind: 'pending' };

export interface CommandOptions {
  /** The command's identity: a repeat with it is answered with the first decision. A fresh UUIDv7 when absent. */
  readonly id?: string;
  /** Hash of what the client sent, so that the same id with another body is refused (IDEMPOTENCY_KEY_REUSED). */
  readonly requestHash?: string;
  readonly correlationId?: string;
  readonly traceparent?: string;
}

/** Too many requests are in flight, or the broker did not take the command: nothing was promised, repeat with the same id. */
export class Overloaded extends Error {}

/** Sends commands over Kafka and waits for their replies on this replica's partition of the reply topic. */
export abstract class CommandBus {
  /**
   * Sends a command and waits for its reply, at most the wait window.
   * @throws Overloaded
   */
  abstract ask<C extends MessageContract>(contract: C, payload: PayloadOf<C>, options?: CommandOptions): Promise<Asked>;

  /**
   * Sends a command that nobody answers; resolves once the broker has it durably.
   * @throws Overloaded
   */
  abstract tell<C extends MessageContract>(contract: C, payload: PayloadOf<C>, options?: CommandOptions): Promise<void>;
}
