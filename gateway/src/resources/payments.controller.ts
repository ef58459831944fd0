import { Controller } from '@nestjs/common';
import { reservation } from '#contracts';
import { tokenExpired } from '../admission/admission.interceptor.js';
import { EndedPlaces } from '../admission/ended-places.js';
import { Commands } from '../commands/commands.js';
import type { AnswerOf } from '../endpoint/answer.js';
import { type Call, Called, standingOf } from '../endpoint/call.js';
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
    const paid = call.spent && (await this.paidBefore(call));
    // Without a key nothing is decided: the payment is shown, as reading it would.
    if (paid && call.idempotencyKey === null) {
      return { status: 200, body: await this.read(call, paid), headers: { Location: pathOfPayment(paid) } };
    }
    const place = call.spent ?? standingOf(call).place;
    const command = this.commands.of(call);
    const paymentId = command.newId('payment');
    const payload = { reservationId: call.params.reservationId, paymentId, userId: call.userId, place };
    const becomes = pathOfPayment(paymentId);
    const decided = await command.ask<PaymentOutcome>(reservation.startPayment, payload, { becomes });
    if (decided.kind === 'pending') return decided.answer;
    const { alreadyPaid = false, ...body } = decided.body;
    // Paying what is paid already spends nothing, and a first decision told again may have spent another place's token.
    if (body.status === 'COMPLETED' && !alreadyPaid && !decided.replayed) this.ended.add(place, 'SPENT');
    this.shared.forget(place.concertId);
    const headers = { ...decided.headers, Location: pathOfPayment(body.paymentId) };
    return { status: alreadyPaid ? 200 : 201, body, headers };
  }

  /**
   * The payment of a reservation that is paid. A spent token pays nothing: of a paid reservation only what was decided
   * under a key is told again, or, under a new one, that it is paid.
   * @throws Problem TOKEN_EXPIRED where there is still something to pay
   */
  private async paidBefore(call: Call<typeof pay>): Promise<string> {
    const path = withQuery(`/internal/reservations/${call.params.reservationId}`, { userId: call.userId });
    const paid = JSON.parse(await this.upstreams.reservation.get(path, call.traceparent)) as Reservation;
    if (paid.status !== 'CONFIRMED' || paid.paymentId === null) throw tokenExpired('SPENT');
    return paid.paymentId;
  }

  private read(call: Call, paymentId: string): Promise<string> {
    const path = withQuery(`/internal/payments/${paymentId}`, { userId: call.userId });
    return this.upstreams.reservation.get(path, call.traceparent);
  }

  @Endpoint(showPayment)
  async show(@Called() call: Call<typeof showPayment>): Promise<AnswerOf<typeof showPayment>> {
    return { status: 200, body: await this.read(call, call.params.paymentId) };
  }
}

function pathOfPayment(paymentId: string): string {
  return `/v1/payments/${paymentId}`;
}
