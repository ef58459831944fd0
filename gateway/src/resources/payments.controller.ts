import { Controller } from '@nestjs/common';
import { reservation } from '#contracts';
import { tokenExpired } from '../admission/admission.interceptor.js';
import { EndedPlaces } from '../admission/ended-places.js';
import { Commands, REPLAYED } from '../commands/commands.js';
import type { AnswerOf } from '../endpoint/answer.js';
import { type Call, Called } from '../endpoint/call.js';
import { Endpoint } from '../endpoint/endpoint.js';
import { SharedReads } from '../upstreams/shared-reads.js';
import { Upstreams, withQuery } from '../upstreams/upstreams.js';
import type { Payment, Reservation } from './bodies.js';
import { pay, showPayment } from './payments.endpoints.js';

/** The saga's answer: a payment, and whether it is an earlier one. */
type PaymentOutcome = Payment & { readonly alreadyPaid?: boolean };

@Controller()
export class PaymentsController {
  constructor(
    private readonly commands: Commands,
    private readonly upstreams: Upstreams,
    private readonly shared: SharedReads,
    private readonly ended: EndedPlaces,
  ) {}

  @Endpoint(pay)
  async pay(@Called() call: Call<typeof pay>): Promise<AnswerOf<typeof pay>> {
    if (!call.standing) return this.paidBefore(call);
    const { place } = call.standing;
    const command = this.commands.of(call);
    const paymentId = command.newId('payment');
    const payload = { reservationId: call.params.reservationId, paymentId, userId: call.userId, place };
    const becomes = pathOfPayment(paymentId);
    const decided = await command.ask<PaymentOutcome>(reservation.startPayment, payload, { becomes });
    if (decided.kind === 'pending') return decided.answer;
    const { alreadyPaid = false, ...body } = decided.body;
    // Paying what is paid already spends nothing, and a first decision told again may have spent another place's token.
    if (body.status === 'COMPLETED' && !alreadyPaid && !decided.replayed) this.ended.add(place.tokenId, 'SPENT');
    this.shared.forget(place.concertId);
    const headers = { ...decided.headers, Location: pathOfPayment(body.paymentId) };
    return { status: alreadyPaid ? 200 : 201, body, headers };
  }

  /**
   * With a spent token nothing is sent any more: a payment that is over is only shown, as reading it would. The request
   * that made it is known by its key, whose ids are the same each time.
   */
  private async paidBefore(call: Call<typeof pay>): Promise<AnswerOf<typeof pay>> {
    const read = (path: string) =>
      this.upstreams.reservation.get(withQuery(path, { userId: call.userId }), call.traceparent);
    const paid = JSON.parse(await read(`/internal/reservations/${call.params.reservationId}`)) as Reservation;
    const { status, paymentId } = paid;
    if (status !== 'CONFIRMED' || paymentId === null) throw tokenExpired('SPENT');
    const body = await read(`/internal/payments/${paymentId}`);
    const headers = { Location: pathOfPayment(paymentId) };
    const isRepeat = call.idempotencyKey !== null && this.commands.of(call).newId('payment') === paymentId;
    return isRepeat ? { status: 201, body, headers: { ...headers, ...REPLAYED } } : { status: 200, body, headers };
  }

  @Endpoint(showPayment)
  async show(@Called() call: Call<typeof showPayment>): Promise<AnswerOf<typeof showPayment>> {
    const path = withQuery(`/internal/payments/${call.params.paymentId}`, { userId: call.userId });
    return { status: 200, body: await this.upstreams.reservation.get(path, call.traceparent) };
  }
}

function pathOfPayment(paymentId: string): string {
  return `/v1/payments/${paymentId}`;
}
