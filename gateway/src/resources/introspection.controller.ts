import { queue } from '#contracts';
import { Controller } from '@nestjs/common';
import { Counter } from '#service';
import type { z } from 'zod';
import { QueueTokens, type TokenFacts } from '../admission/queue-token.js';
import type { Room } from '../admission/room.js';
import { numberOf, type Verdict } from '../admission/verdict.js';
import { WaitingRoom } from '../admission/waiting-room.js';
import type { AnswerOf } from '../endpoint/answer.js';
import { type Call, Called } from '../endpoint/call.js';
import { Endpoint } from '../endpoint/endpoint.js';
import { introspect, type introspection } from './introspection.endpoints.js';

const introspections = new Counter({
  name: 'gateway_introspections_total',
  help: 'Queue tokens judged for services outside, by who asked and verdict',
  labelNames: ['service', 'verdict'],
});

/** Registered only where services have keys. */
@Controller()
export class IntrospectionController {
  constructor(
    private readonly queueTokens: QueueTokens,
    private readonly waitingRoom: WaitingRoom,
  ) {}

  @Endpoint(introspect)
  introspect(@Called() { body, service }: Call<typeof introspect>): AnswerOf<typeof introspect> {
    const { token, concertId } = body;
    const facts = this.queueTokens.verify(token);
    const userId = body.userId ?? facts?.userId ?? '';
    const expected = { userId, payLateMs: 0, ...(concertId !== undefined && { concertId }) };
    const { room, verdict } = this.waitingRoom.judgeToken(token, expected);
    introspections.inc({ service: service ?? '', verdict: verdict.status });
    return { status: 200, body: described(facts, room, verdict) };
  }
}

function described(facts: TokenFacts | null, room: Room | undefined, verdict: Verdict): z.output<typeof introspection> {
  const { status } = verdict;
  if (!facts || status === 'INVALID' || status === 'EXPIRED') {
    return { active: false, status, reason: 'reason' in verdict ? verdict.reason : 'INVALID' };
  }
  const { concertId, userId: sub } = facts;
  const queueNumber = numberOf(facts, room);
  const iat = inSeconds(facts.issuedAt);
  const numbered = queueNumber !== null && { queueNumber: queue.numberInClass(queueNumber) };
  const place = { concertId, sub, ...numbered, iat };
  if (status === 'ACTIVE') return { active: true, status, ...place, position: 0, exp: inSeconds(verdict.activeUntil) };
  return { active: false, status, ...place, position: verdict.position, exp: inSeconds(facts.expiresAt) };
}

function inSeconds(ms: number): number {
  return Math.floor(ms / 1000);
}
