import { Controller } from '@nestjs/common';
import { reservation } from '#contracts';
import { Commands } from '../commands/commands.js';
import type { Answer, AnswerOf } from '../endpoint/answer.js';
import { type Call, Called } from '../endpoint/call.js';
import { Endpoint } from '../endpoint/endpoint.js';
import { Upstreams, withQuery } from '../upstreams/upstreams.js';
import type { OperatorPayment } from './bodies.js';
import { compensatePayment, listPayments, retryPayment, showAnyPayment } from './operators.endpoints.js';

const PAYMENTS = '/internal/admin/payments';

@Controller()
export class OperatorsController {
  constructor(
    private readonly commands: Commands,
    private readonly upstreams: Upstreams,
  ) {}

  @Endpoint(listPayments)
  async list(@Called() { query, traceparent }: Call<typeof listPayments>): Promise<AnswerOf<typeof listPayments>> {
    return { status: 200, body: await this.upstreams.reservation.get(withQuery(PAYMENTS, query), traceparent) };
  }

  @Endpoint(showAnyPayment)
  async show(@Called() call: Call<typeof showAnyPayment>): Promise<AnswerOf<typeof showAnyPayment>> {
    return { status: 200, body: await this.payment(call) };
  }

  @Endpoint(retryPayment)
  retry(@Called() call: Call<typeof retryPayment>): Promise<AnswerOf<typeof retryPayment>> {
    return this.act(call, reservation.retryPayment);
  }

  @Endpoint(compensatePayment)
  compensate(@Called() call: Call<typeof compensatePayment>): Promise<AnswerOf<typeof compensatePayment>> {
    return this.act(call, reservation.compensatePayment);
  }

  /** Decided where the payment's reservation is: which one that is, is asked first, and never changes. */
  private async act(
    call: Call<typeof retryPayment> | Call<typeof compensatePayment>,
    contract: typeof reservation.retryPayment | typeof reservation.compensatePayment,
  ): Promise<Answer<202>> {
    const { reservationId } = JSON.parse(await this.payment(call)) as OperatorPayment;
    const { paymentId } = call.params;
    const payload = { reservationId, paymentId, operator: call.userId, reason: call.body.reason };
    const becomes = `/v1/admin/payments/${paymentId}`;
    const decided = await this.commands.of(call).ask<OperatorPayment>(contract, payload, { becomes });
    if (decided.kind === 'pending') return decided.answer;
    return { status: 202, body: decided.body, headers: decided.headers };
  }

  private payment({ params, traceparent }: Pick<Call<typeof showAnyPayment>, 'params' | 'traceparent'>) {
    return this.upstreams.reservation.get(`${PAYMENTS}/${params.paymentId}`, traceparent);
  }
}
