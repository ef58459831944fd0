import { Controller } from '@nestjs/common';
import { concert, reservation } from '#contracts';
import { Commands } from '../commands/commands.js';
import type { AnswerOf } from '../endpoint/answer.js';
import { type Call, Called, standingOf } from '../endpoint/call.js';
import { Endpoint } from '../endpoint/endpoint.js';
import { SharedReads } from '../upstreams/shared-reads.js';
import { Upstreams, withQuery } from '../upstreams/upstreams.js';
import type { Reservation } from './bodies.js';
import { cancelReservation, holdSeats, listReservations, showReservation } from './reservations.endpoints.js';

@Controller()
export class ReservationsController {
  constructor(
    private readonly commands: Commands,
    private readonly upstreams: Upstreams,
    private readonly shared: SharedReads,
  ) {}

  @Endpoint(holdSeats)
  async hold(@Called() call: Call<typeof holdSeats>): Promise<AnswerOf<typeof holdSeats>> {
    const { concertId } = standingOf(call).place;
    const command = this.commands.of(call);
    const reservationId = command.newId('reservation');
    const Location = `/v1/reservations/${reservationId}`;
    const payload = { ...call.body, concertId, reservationId, userId: call.userId };
    const decided = await command.ask<Reservation>(concert.holdSeats, payload, { becomes: Location });
    if (decided.kind === 'pending') return decided.answer;
    this.shared.forget(concertId);
    return { status: 201, body: decided.body, headers: { ...decided.headers, Location } };
  }

  @Endpoint(listReservations)
  async list(@Called() call: Call<typeof listReservations>): Promise<AnswerOf<typeof listReservations>> {
    const path = withQuery('/internal/reservations', { ...call.query, userId: call.userId });
    return { status: 200, body: await this.upstreams.reservation.get(path, call.traceparent) };
  }

  @Endpoint(showReservation)
  async show(@Called() call: Call<typeof showReservation>): Promise<AnswerOf<typeof showReservation>> {
    const path = withQuery(`/internal/reservations/${call.params.reservationId}`, { userId: call.userId });
    return { status: 200, body: await this.upstreams.reservation.get(path, call.traceparent) };
  }

  @Endpoint(cancelReservation)
  async cancel(@Called() call: Call<typeof cancelReservation>): Promise<AnswerOf<typeof cancelReservation>> {
    const { reservationId } = call.params;
    const payload = { reservationId, userId: call.userId };
    const becomes = `/v1/reservations/${reservationId}`;
    const decided = await this.commands.of(call).ask<Reservation>(reservation.cancelReservation, payload, { becomes });
    if (decided.kind === 'pending') return decided.answer;
    this.shared.forget(decided.body.concertId);
    return { status: 200, body: decided.body, headers: decided.headers };
  }
}
