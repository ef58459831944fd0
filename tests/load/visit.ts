import { setTimeout as pause } from 'node:timers/promises';
import type { Answer, RequestHeaders } from '#testing';
import { type Caller, retryAfterMs } from './caller.js';

/** Longest time to sign in, ms. */
const SIGN_IN_MS = 60_000;

/** A fan's way in: signed in, and holding a queue token of one concert. Nothing of it belongs into a history. */
export class Visit {
  private accessToken = '';
  private queueToken = '';

  constructor(
    private readonly caller: Caller,
    private readonly fan: string,
    private readonly concertId: string,
  ) {}

  get headers(): RequestHeaders {
    return {
      authorization: `Bearer ${this.accessToken}`,
      ...(this.queueToken !== '' && { 'queue-token': this.queueToken }),
    };
  }

  async signIn(): Promise<void> {
    const body = { userId: this.fan };
    const end = performance.now() + SIGN_IN_MS;
    const isWanted = () => performance.now() < end;
    const answer = await this.until(isWanted, 200, () =>
      this.caller.ask({ what: 'sign-in', method: 'POST', path: '/v1/dev/sign-in', body }),
    );
    if (!answer) throw new Error(`${this.fan} could not sign in`);
    this.accessToken = answer.body.accessToken;
  }

  /** A payment spends the token, and a pass ends: the next command takes a new place in line. */
  leaveBehind(): void {
    this.queueToken = '';
  }

  /** Waits in line until it is the fan's turn, or no longer wanted. */
  async enter(wanted: () => boolean): Promise<boolean> {
    const path = `/v1/concerts/${this.concertId}/queue-token`;
    while (wanted()) {
      const known = this.queueToken !== '';
      const what = known ? 'poll' : 'join';
      const answer = await this.caller.ask({ what, method: known ? 'GET' : 'POST', path, headers: this.headers });
      if (answer?.status === 401) this.leaveBehind();
      else if (answer?.body?.token) this.queueToken = answer.body.token;
      if (answer?.body?.status === 'ACTIVE') return true;
      await pause(retryAfterMs(answer));
    }
    return false;
  }

  /** Ids of the date's seats, free or all; none when they could not be had. */
  async seats(scheduleId: string, among: 'free' | 'any', wanted: () => boolean): Promise<string[]> {
    const path = `/v1/concerts/${this.concertId}/schedules/${scheduleId}/seats${among === 'any' ? '?status=all' : ''}`;
    const answer = await this.until(wanted, 200, async () => {
      const shown = await this.caller.ask({ what: 'seats', method: 'GET', path, headers: this.headers });
      if (shown?.status === 401) {
        this.leaveBehind();
        await this.enter(wanted);
      }
      return shown;
    });
    return answer?.body.items.map(({ seatId }: { seatId: string }) => seatId) ?? [];
  }

  private async until(wanted: () => boolean, status: number, ask: () => Promise<Answer | null>) {
    while (wanted()) {
      const answer = await ask();
      if (answer?.status === status) return answer;
      await pause(retryAfterMs(answer));
    }
    return null;
  }
}
