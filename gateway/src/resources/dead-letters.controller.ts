import { Controller } from '@nestjs/common';
import { type Replay, replayDeadLetter as replayCommands } from '#contracts';
import { Commands } from '../commands/commands.js';
import type { AnswerOf } from '../endpoint/answer.js';
import { type Call, Called } from '../endpoint/call.js';
import { Endpoint } from '../endpoint/endpoint.js';
import { AllServices } from '../upstreams/all-services.js';
import { listDeadLetters, listOperatorActs, replayDeadLetter, showDeadLetter } from './dead-letters.endpoints.js';
import type { DeadLetter, OperatorAct } from './operations.bodies.js';

/** What operators see of the messages and acts of every service, and what they may do about them. */
@Controller()
export class DeadLettersController {
  constructor(
    private readonly commands: Commands,
    private readonly services: AllServices,
  ) {}

  @Endpoint(listDeadLetters)
  async letters(
    @Called() { query, traceparent }: Call<typeof listDeadLetters>,
  ): Promise<AnswerOf<typeof listDeadLetters>> {
    const { replayed = 'false', ...page } = query;
    const wanted = { ...page, replayed };
    const path = '/internal/dead-letters';
    return {
      status: 200,
      body: await this.services.newestFirst<DeadLetter>(path, wanted, 'deadLetterId', traceparent),
    };
  }

  @Endpoint(showDeadLetter)
  async letter(@Called() call: Call<typeof showDeadLetter>): Promise<AnswerOf<typeof showDeadLetter>> {
    return { status: 200, body: await this.find(call) };
  }

  /** The letter's service is found by asking: it stays there, so that a repeat finds the same. */
  @Endpoint(replayDeadLetter)
  async replay(@Called() call: Call<typeof replayDeadLetter>): Promise<AnswerOf<typeof replayDeadLetter>> {
    const { service, deadLetterId } = await this.find(call);
    const payload = { deadLetterId, operator: call.userId, reason: call.body.reason };
    const decided = await this.commands.of(call).ask<Replay>(replayCommands[service], payload);
    if (decided.kind === 'pending') return decided.answer;
    return { status: 202, body: decided.body, headers: decided.headers };
  }

  @Endpoint(listOperatorActs)
  async acts(
    @Called() { query, traceparent }: Call<typeof listOperatorActs>,
  ): Promise<AnswerOf<typeof listOperatorActs>> {
    return {
      status: 200,
      body: await this.services.newestFirst<OperatorAct>('/internal/operator-log', query, 'actId', traceparent),
    };
  }

  private find({ params, traceparent }: { params: { deadLetterId: string }; traceparent: string }) {
    return this.services.whoeverHas<DeadLetter>(`/internal/dead-letters/${params.deadLetterId}`, traceparent);
  }
}
