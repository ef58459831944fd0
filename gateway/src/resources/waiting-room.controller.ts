import { Controller } from '@nestjs/common';
import { queue } from '#contracts';
import type { z } from 'zod';
import { EndedPlaces } from '../admission/ended-places.js';
import { SnapshotView } from '../admission/snapshot-view.js';
import { WaitingRoom } from '../admission/waiting-room.js';
import { Commands } from '../commands/commands.js';
import type { AnswerOf } from '../endpoint/answer.js';
import { type Call, Called, standingOf } from '../endpoint/call.js';
import { Endpoint } from '../endpoint/endpoint.js';
import { overloaded, Problem } from '../problems/problem.js';
import { join, leave, type queueDocument, showPlace, showQueue } from './waiting-room.endpoints.js';

@Controller()
export class WaitingRoomController {
  constructor(
    private readonly commands: Commands,
    private readonly waitingRoom: WaitingRoom,
    private readonly view: SnapshotView,
    private readonly ended: EndedPlaces,
  ) {}

  @Endpoint(join)
  async join(@Called() call: Call<typeof join>): Promise<AnswerOf<typeof join>> {
    const command = this.commands.of(call);
    const { concertId } = call.params;
    const payload = { concertId, userId: call.userId, tokenId: command.newId('queue token') };
    const decided = await command.ask<queue.Place>(queue.joinQueue, payload);
    if (decided.kind === 'pending') throw overloaded('The line is very busy. Join again: you get one place only.');
    const { place, status } = this.waitingRoom.showJoined(queue.place.parse(decided.body));
    const headers = { ...decided.headers, 'Queue-Status': status, 'Retry-After': String(place.pollAfterSeconds) };
    return { status: decided.body.created ? 201 : 200, body: place, headers };
  }

  @Endpoint(showPlace)
  async show(@Called() call: Call<typeof showPlace>): Promise<AnswerOf<typeof showPlace>> {
    const place = await this.waitingRoom.show(standingOf(call));
    return { status: 200, body: place, headers: { 'Retry-After': String(place.pollAfterSeconds) } };
  }

  @Endpoint(leave)
  async leave(@Called() call: Call<typeof leave>): Promise<AnswerOf<typeof leave>> {
    const { place } = standingOf(call);
    // Without an answer within the wait window the command is durable all the same.
    await this.commands.of(call).ask(queue.leaveQueue, place);
    this.ended.add(place.tokenId, 'LEFT');
    return { status: 204 };
  }

  @Endpoint(showQueue)
  showQueue(@Called() { params }: Call<typeof showQueue>): AnswerOf<typeof showQueue> {
    const room = this.view.room(params.concertId);
    if (!room) throw new Problem('CONCERT_NOT_FOUND', 'There is no waiting room for this concert.');
    return { status: 200, body: publicDocument(room.snapshot) };
  }
}

function publicDocument(snapshot: queue.QueueSnapshot): z.output<typeof queueDocument> {
  const { concertId, mode, waitingCount, activeCount, lastQueueNumber, servingNumber, activationBatch } = snapshot;
  const tickSeconds = snapshot.tickMs / 1000;
  const line = { waitingCount, activeCount, lastQueueNumber, servingNumber };
  return { concertId, mode, ...line, activationBatch, tickSeconds, updatedAt: snapshot.at };
}
