import { Injectable, Logger } from '@nestjs/common';
import type { MessageContract, PayloadOf, reply } from '#contracts';
import { type Asked, CommandBus } from '#messaging';
import type { Answer } from '../endpoint/answer.js';
import type { Call } from '../endpoint/call.js';
import { isProblemCode } from '../problems/catalogue.js';
import { Problem } from '../problems/problem.js';
import { derivedId, Idempotency, type KeyedCommand } from './idempotency.js';

const PENDING_RETRY_SECONDS = 2;
export const REPLAYED = { 'Idempotent-Replayed': 'true' };

export type Decided<Body> =
  | {
      readonly kind: 'answered';
      readonly body: Body;
      /** True when it is the decision of an earlier request, which may have brought another queue token. */
      readonly replayed: boolean;
      readonly headers: Readonly<Record<string, string>>;
    }
  /** Durable, not decided within the wait window: `answer` is the 202 that says how to get the decision. */
  | { readonly kind: 'pending'; readonly answer: Answer<202> };

/** A command of one request: its ids, and its sending. */
export interface Command {
  /** An id for something the command makes; the same when the request is repeated. */
  newId(purpose: string): string;
  /**
   * Sends it and waits for the decision. `becomes`: path of what it makes, for the Location of a 202.
   * @throws Problem when it is rejected or parked
   * @throws Overloaded
   */
  ask<Body, C extends MessageContract = MessageContract>(
    contract: C,
    payload: PayloadOf<C>,
    options?: { becomes?: string },
  ): Promise<Decided<Body>>;
}

/** Turns requests into commands, and decisions into answers. */
@Injectable()
export class Commands {
  private readonly logger = new Logger(Commands.name);

  constructor(
    private readonly bus: CommandBus,
    private readonly idempotency: Idempotency,
  ) {}

  /** The command of a request. */
  of(call: Call): Command {
    const request = { userId: call.userId, method: call.endpoint.method, path: call.path };
    const body = call.endpoint.body ? call.body : null;
    const keyed = this.idempotency.identify(request, call.idempotencyKey, body);
    return {
      newId: (purpose) => derivedId(keyed.id, purpose),
      ask: async (contract, payload, options = {}) => {
        const { id, requestHash } = keyed;
        const { correlationId, traceparent } = call;
        const asked = await this.bus.ask(contract, payload, {
          id,
          requestHash,
          traceparent,
          ...(correlationId !== null && { correlationId }),
        });
        return this.decided(asked, keyed, options.becomes);
      },
    };
  }

  private decided<Body>(asked: Asked, keyed: KeyedCommand, becomes: string | undefined): Decided<Body> {
    const headers = 'replayed' in asked && asked.replayed && keyed.repeatable ? REPLAYED : {};
    switch (asked.kind) {
      case 'answered':
        return { kind: 'answered', body: asked.body as Body, replayed: asked.replayed, headers };
      case 'rejected':
        throw rejection(asked, headers);
      case 'parked':
        this.logger.error(`command ${keyed.id} was parked: ${asked.reason}`);
        throw new Problem('INTERNAL', 'The fault has been recorded. The trace id names it.');
      case 'pending':
        return { kind: 'pending', answer: pending(keyed.key, becomes) };
    }
  }
}

function rejection({ code, detail, members = {} }: reply.Rejected, headers: Record<string, string>): Problem {
  if (!isProblemCode(code)) return new Problem('INTERNAL', 'The fault has been recorded. The trace id names it.');
  // Only the gateway knows a token's whole story; to a service it merely belongs to another concert.
  const reason = code === 'INVALID_TOKEN' ? { reason: 'INVALID' } : {};
  return new Problem(code, detail, { members: { ...reason, ...members }, headers });
}

function pending(idempotencyKey: string, becomes: string | undefined): Answer<202> {
  return {
    status: 202,
    body: { status: 'PENDING', idempotencyKey },
    headers: { 'Retry-After': String(PENDING_RETRY_SECONDS), ...(becomes !== undefined && { Location: becomes }) },
  };
}
