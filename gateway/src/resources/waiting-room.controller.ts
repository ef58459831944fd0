import { Controller, Headers, Req, Res } from '@nestjs/common';
import { queue } from '#contracts';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { z } from 'zod';
import { EndedPlaces } from '../admission/ended-places.js';
import { JoinLimits } from '../admission/join-limits.js';
import { SnapshotView } from '../admission/snapshot-view.js';
import { WaitingRoom } from '../admission/waiting-room.js';
import { Commands } from '../commands/commands.js';
import type { AnswerOf } from '../endpoint/answer.js';
import { type Call, Called, standingOf } from '../endpoint/call.js';
import { Endpoint } from '../endpoint/endpoint.js';
import { LoadLimit } from '../http/load-limit.js';
import { traceOf } from '../http/trace.js';
import { invalidRequest, overloaded, Problem } from '../problems/problem.js';
import { QueueStreams } from '../push/queue-streams.js';
import { join, leave, listen, type queueDocument, showPlace, showQueue } from './waiting-room.endpoints.js';

@Controller()
export class WaitingRoomController {
  constructor(
    private readonly commands: Commands,
    private readonly waitingRoom: WaitingRoom,
    private readonly view: SnapshotView,
    private readonly ended: EndedPlaces,
    private readonly joinLimits: JoinLimits,
    private readonly streams: QueueStreams,
    private readonly load: LoadLimit,
  ) {}

  @Endpoint(join)
  async join(
    @Called() call: Call<typeof join>,
    @Headers('queue-token') known: string | undefined,
  ): Promise<AnswerOf<typeof join>> {
    this.joinLimits.take(call.userId, call.network);
    const command = this.commands.of(call);
    const { concertId } = call.params;
    const { code } = call.body;
    const payload = {
      concertId,
      userId: call.userId,
      tokenId: command.newId('queue token'),
      ...(code !== undefined && { codeHash: queue.hashOfCode(concertId, code) }),
    };
    const decided = await command.ask<queue.Place>(queue.joinQueue, payload);
    if (decided.kind === 'pending') throw overloaded('The line is very busy. Join again: you get one place only.');
    const { place, status } = this.waitingRoom.showJoined(queue.place.parse(decided.body), known);
    const headers = { ...decided.headers, 'Queue-Status': status, 'Retry-After': String(place.pollAfterSeconds) };
    return { status: decided.body.created ? 201 : 200, body: place, headers };
  }

  @Endpoint(showPlace)
  async show(@Called() call: Call<typeof showPlace>): Promise<AnswerOf<typeof showPlace>> {
    const place = await this.waitingRoom.show(standingOf(call));
    return { status: 200, body: place, headers: { 'Retry-After': String(place.pollAfterSeconds) } };
  }

  @Endpoint(listen)
  listen(
    @Called() call: Call<typeof listen>,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): AnswerOf<typeof listen> {
    const body = this.streams.open({
      standing: standingOf(call),
      userId: call.userId,
      path: call.path,
      traceId: traceOf(request.raw).traceId,
      endsAt: call.identity?.expiresAt ?? 0,
      resumedFrom: tickNamed(request.headers['last-event-id']),
    });
    this.load.release(reply.raw);
    // The connection carries nothing after the stream: a gateway that stops need not wait for it.
    const headers = { 'Content-Type': 'text/event-stream', 'X-Accel-Buffering': 'no', Connection: 'close' };
    return { status: 200, body, headers };
  }

  @Endpoint(leave)
  async leave(@Called() call: Call<typeof leave>): Promise<AnswerOf<typeof leave>> {
    const { place } = standingOf(call);
    // Without an answer within the wait window the command is durable all the same.
    await this.commands.of(call).ask(queue.leaveQueue, place);
    this.ended.add(place, 'LEFT');
    return { status: 204 };
  }

  @Endpoint(showQueue)
  showQueue(@Called() { params }: Call<typeof showQueue>): AnswerOf<typeof showQueue> {
    const room = this.view.room(params.concertId);
    if (!room) throw new Problem('CONCERT_NOT_FOUND', 'There is no waiting room for this concert.');
    return { status: 200, body: publicDocument(room.snapshot) };
  }
}

/** @throws Problem INVALID_REQUEST */
function tickNamed(lastEventId: string | string[] | undefined): number | null {
  if (lastEventId === undefined || lastEventId === '') return null;
  if (/^\d{1,15}$/.test(String(lastEventId))) return Number(lastEventId);
  const message = 'must be the id of an event of ours';
  throw invalidRequest('The Last-Event-ID is not valid.', [{ path: 'Last-Event-ID', message }]);
}

function publicDocument(snapshot: queue.QueueSnapshot): z.output<typeof queueDocument> {
  const { concertId, mode, waitingCount, activeCount, lastQueueNumber, servingNumber, activationBatch } = snapshot;
  const tickSeconds = snapshot.tickMs / 1000;
  const line = { waitingCount, activeCount, lastQueueNumber, servingNumber };
  return { concertId, mode, ...line, activationBatch, tickSeconds, draw: published(snapshot), updatedAt: snapshot.at };
}

function published({ draw }: queue.QueueSnapshot): queue.Draw | null {
  return draw && { seedHash: draw.seedHash, registered: draw.registered, seed: draw.seed };
}
