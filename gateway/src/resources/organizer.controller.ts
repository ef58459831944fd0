import { Controller, Inject } from '@nestjs/common';
import { concert } from '#contracts';
import { SETTINGS } from '#service';
import { SnapshotView } from '../admission/snapshot-view.js';
import { Commands } from '../commands/commands.js';
import type { GatewaySettings } from '../config.js';
import type { AnswerOf } from '../endpoint/answer.js';
import { type Call, Called } from '../endpoint/call.js';
import { Endpoint } from '../endpoint/endpoint.js';
import { SharedReads } from '../upstreams/shared-reads.js';
import { Upstreams } from '../upstreams/upstreams.js';
import type { Concert } from './bodies.js';
import { CATALOGUE } from './catalogue.controller.js';
import { blockSeats, createConcert, createSchedule, showSeats } from './organizer.endpoints.js';

@Controller()
export class OrganizerController {
  constructor(
    private readonly commands: Commands,
    private readonly upstreams: Upstreams,
    private readonly shared: SharedReads,
    private readonly view: SnapshotView,
    @Inject(SETTINGS) private readonly settings: Pick<GatewaySettings, 'DEFAULT_TIME_ZONE' | 'REPLY_WAIT_MS'>,
  ) {}

  @Endpoint(createConcert)
  async createConcert(@Called() call: Call<typeof createConcert>): Promise<AnswerOf<typeof createConcert>> {
    const command = this.commands.of(call);
    const concertId = command.newId('concert');
    const { title, artist = null, venue = null, salesOpenAt = null, salesCloseAt = null } = call.body;
    const timeZone = call.body.timeZone ?? this.settings.DEFAULT_TIME_ZONE;
    const details = { concertId, title, artist, venue, timeZone, salesOpenAt, salesCloseAt };
    const Location = `/v1/concerts/${concertId}`;
    const decided = await command.ask<Concert>(concert.createConcert, details, { becomes: Location });
    if (decided.kind === 'pending') return decided.answer;
    this.shared.forget(CATALOGUE);
    // The waiting room is open; whoever reads this answer may ask this replica for it in the next moment.
    await this.view.appears(concertId, this.settings.REPLY_WAIT_MS);
    return { status: 201, body: decided.body, headers: { ...decided.headers, Location } };
  }

  @Endpoint(createSchedule)
  async createSchedule(@Called() call: Call<typeof createSchedule>): Promise<AnswerOf<typeof createSchedule>> {
    const command = this.commands.of(call);
    const { concertId } = call.params;
    const payload = { ...call.body, scheduleId: command.newId('schedule'), concertId };
    const decided = await command.ask<{ scheduleId: string; seatsTotal: number }>(concert.createSchedule, payload);
    if (decided.kind === 'pending') return decided.answer;
    this.shared.forget(CATALOGUE);
    this.shared.forget(concertId);
    return { status: 201, body: decided.body, headers: decided.headers };
  }

  @Endpoint(showSeats)
  async showSeats(@Called() call: Call<typeof showSeats>): Promise<AnswerOf<typeof showSeats>> {
    const path = `/internal/schedules/${call.params.scheduleId}/seats`;
    return { status: 200, body: await this.upstreams.concert.get(path, call.traceparent) };
  }

  @Endpoint(blockSeats)
  async blockSeats(@Called() call: Call<typeof blockSeats>): Promise<AnswerOf<typeof blockSeats>> {
    const payload = { ...call.body, scheduleId: call.params.scheduleId, operator: call.userId };
    const decided = await this.commands.of(call).ask<{ items: unknown[] }>(concert.blockSeats, payload);
    if (decided.kind === 'pending') return decided.answer;
    return { status: 200, body: decided.body, headers: decided.headers };
  }
}
