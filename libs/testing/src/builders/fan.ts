import { randomUUID } from 'node:crypto';
import { type ApiClient, expectStatus, postUntilDecided } from '../api/api-client.js';
import { eventually } from '../eventually.js';
import type { AConcert, Reachable } from './concert.js';

export interface AFan {
  readonly userId: string;
  /** The public API as this fan, with the queue token once there is one. */
  readonly api: ApiClient;
}

export interface AQueueingFan extends AFan {
  readonly queueToken: string;
}

/** Somebody signed in, whom the system has never seen. */
export async function aFan(system: Reachable, userId = `fan-${randomUUID()}`): Promise<AFan> {
  return { userId, api: await system.api.signIn(userId) };
}

/** A fan with a place in the concert's line, active or not. A concert made just now may take a moment to be known. */
export async function aFanInLine(system: Reachable, concert: AConcert, userId?: string): Promise<AQueueingFan> {
  const fan = await aFan(system, userId);
  const place = await eventually(async () => {
    const answer = await fan.api.post(`/v1/concerts/${concert.concertId}/queue-token`);
    return expectStatus<{ token: string }>(answer, 200, 201);
  });
  return withToken(fan, place.token);
}

/** A fan whose turn it is: the queue token is ACTIVE for ten minutes from now. */
export async function anActiveFan(system: Reachable, concert: AConcert, userId?: string): Promise<AQueueingFan> {
  const fan = await aFanInLine(system, concert, userId);
  let token = fan.queueToken;
  await eventually(
    async () => {
      const answer = await fan.api.get(`/v1/concerts/${concert.concertId}/queue-token`, { 'queue-token': token });
      const place = expectStatus<{ status: string; token: string }>(answer, 200);
      token = place.token;
      if (place.status !== 'ACTIVE') throw new Error(`the turn has not come: ${JSON.stringify(place)}`);
      return true;
    },
    { within: 30_000, every: 100 },
  );
  return withToken(fan, token);
}

/** An active fan with this much money (minor units) in the wallet. */
export async function anActiveFanWith(system: Reachable, concert: AConcert, amount: number): Promise<AQueueingFan> {
  const fan = await anActiveFan(system, concert);
  await topUp(fan, amount);
  return fan;
}

/** Puts money (minor units) into the fan's wallet. */
export async function topUp(fan: AFan, amount: number): Promise<void> {
  await postUntilDecided(fan.api, '/v1/wallet/top-ups', { amount }, 201);
}

function withToken(fan: AFan, queueToken: string): AQueueingFan {
  return { ...fan, queueToken, api: fan.api.with({ headers: { 'queue-token': queueToken } }) };
}
