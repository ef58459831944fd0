import { Controller } from '@nestjs/common';
import { type MessageContract, type PayloadOf, queue } from '#contracts';
import { Commands } from '../commands/commands.js';
import type { Answer, AnswerOf } from '../endpoint/answer.js';
import { type Call, Called } from '../endpoint/call.js';
import { Endpoint } from '../endpoint/endpoint.js';
import { Upstreams, withQuery } from '../upstreams/upstreams.js';
import {
  changeQueue,
  listTicks,
  type OperatedQueue,
  resetQueue,
  showFunnel,
  showOperatedQueue,
} from './queue-controls.endpoints.js';

const pathOf = (call: { params: { concertId: string } }) => `/internal/concerts/${call.params.concertId}/queue`;

/** Waiting rooms as operators see and control them. */
@Controller()
export class QueueControlsController {
  constructor(
    private readonly commands: Commands,
    private readonly upstreams: Upstreams,
  ) {}

  @Endpoint(showOperatedQueue)
  async show(@Called() call: Call<typeof showOperatedQueue>): Promise<AnswerOf<typeof showOperatedQueue>> {
    return { status: 200, body: await this.upstreams.queue.get(pathOf(call), call.traceparent) };
  }

  @Endpoint(changeQueue)
  change(@Called() call: Call<typeof changeQueue>): Promise<AnswerOf<typeof changeQueue>> {
    const { classes, ...others } = call.body;
    const { concertId } = call.params;
    const hashed = classes?.map(({ code, ...one }) => ({
      ...one,
      ...(code !== undefined && { codeHash: code === null ? null : queue.hashOfCode(concertId, code) }),
    }));
    const changes = { ...others, ...(hashed && { classes: hashed }) };
    return this.ask(call, queue.changeControls, { concertId, ...changes, operator: call.userId });
  }

  @Endpoint(resetQueue)
  reset(@Called() call: Call<typeof resetQueue>): Promise<AnswerOf<typeof resetQueue>> {
    return this.ask(call, queue.resetQueue, { ...call.params, ...call.body, operator: call.userId });
  }

  @Endpoint(showFunnel)
  async funnel(@Called() call: Call<typeof showFunnel>): Promise<AnswerOf<typeof showFunnel>> {
    return { status: 200, body: await this.upstreams.queue.get(`${pathOf(call)}/funnel`, call.traceparent) };
  }

  @Endpoint(listTicks)
  async ticks(@Called() call: Call<typeof listTicks>): Promise<AnswerOf<typeof listTicks>> {
    const path = withQuery(`${pathOf(call)}/ticks`, call.query);
    return { status: 200, body: await this.upstreams.queue.get(path, call.traceparent) };
  }

  private async ask<C extends MessageContract>(
    call: Call<typeof changeQueue> | Call<typeof resetQueue>,
    contract: C,
    payload: PayloadOf<C>,
  ): Promise<Answer<200 | 202>> {
    const decided = await this.commands.of(call).ask<OperatedQueue, C>(contract, payload);
    if (decided.kind === 'pending') return decided.answer;
    return { status: 200, body: decided.body, headers: decided.headers };
  }
}
