import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { type AConcert, aFan, type Answer, type ApiClient, type AQueueingFan, type System } from '#testing';

/** What answers a request: the gateway's memory, the database of a service, or a decision of the services. */
type Kind = 'memory' | 'read' | 'join' | 'top-up' | 'hold';

/** One request, and what became of it. */
export interface Sent {
  readonly kind: Kind;
  readonly api: ApiClient;
  readonly path: string;
  readonly body?: unknown;
  /** Its idempotency key, on a POST. */
  readonly key?: string;
  /** ms of the monotonic clock. */
  readonly at: number;
  readonly took: number;
  /** Null when the client hung up before there was one. */
  answer: Answer | null;
  /** Why there is no answer, when it was not the client's wish. */
  readonly failure: string | null;
}

/** Between two requests of one fan, ms. */
const ROUND_MS = 200;
/** When a client that loses patience hangs up, ms: before most decisions, and after the request has arrived. */
const HANGS_UP_MS = 15;

/** Fans who top up, hold seats, and look; and newcomers who join. Until they are stopped. */
export class Traffic {
  readonly sent: Sent[] = [];
  private goesOn = true;
  private readonly loops: Promise<unknown>;

  /** `seatsOf` names the seats that a fan holds, one every now and then. */
  constructor(
    private readonly system: System,
    private readonly concert: AConcert,
    fans: readonly AQueueingFan[],
    seatsOf: (fan: number) => readonly string[],
  ) {
    // Side by side, or who waits for a command would not look.
    this.loops = Promise.all(
      fans.flatMap((fan, index) => [this.commands(fan, [...seatsOf(index)]), this.joins(), this.looks(fan)]),
    );
  }

  async stop(): Promise<void> {
    this.goesOn = false;
    await this.loops;
  }

  /** Everything that was asked between two moments of the monotonic clock. */
  between(from: number, to: number): Sent[] {
    return this.sent.filter(({ at }) => at >= from && at <= to);
  }

  private async commands({ api }: AQueueingFan, seats: string[]): Promise<void> {
    const { scheduleId } = this.concert;
    for (let round = 0; this.goesOn; round += 1) {
      await this.post('top-up', api, '/v1/wallet/top-ups', { amount: 1 }, round % 4 === 3);
      if (round % 4 === 2 && seats.length > 0)
        await this.post('hold', api, '/v1/reservations', { scheduleId, seatIds: [seats.pop()] });
      await pause(ROUND_MS);
    }
  }

  private async joins(): Promise<void> {
    while (this.goesOn) {
      const { api } = await aFan(this.system);
      await this.post('join', api, `/v1/concerts/${this.concert.concertId}/queue-token`);
      await pause(4 * ROUND_MS);
    }
  }

  private async looks({ api }: AQueueingFan): Promise<void> {
    const { concertId } = this.concert;
    while (this.goesOn) {
      await Promise.all([
        this.get('memory', api, `/v1/concerts/${concertId}/queue-token`),
        this.get('memory', this.system.api, `/v1/concerts/${concertId}/queue`),
        this.get('read', api, '/v1/wallet'),
        this.get('read', api, '/v1/reservations'),
      ]);
      await pause(ROUND_MS);
    }
  }

  private post(kind: Kind, api: ApiClient, path: string, body?: unknown, hangsUp = false): Promise<void> {
    const key = randomUUID();
    const json = { 'content-type': 'application/json', 'idempotency-key': key };
    const text = body === undefined ? undefined : JSON.stringify(body);
    if (!hangsUp) return this.record({ kind, api, path, body, key }, () => api.send('POST', path, text, json), false);
    const impatient = AbortSignal.timeout(HANGS_UP_MS);
    const headers = { ...api.headers, ...json } as Record<string, string>;
    return this.record(
      { kind, api, path, body, key },
      async () => {
        const init = { method: 'POST', headers, signal: impatient, ...(text !== undefined && { body: text }) };
        const response = await fetch(`${api.baseUrl}${path}`, init);
        return { status: response.status, headers: response.headers, body: await response.json() };
      },
      true,
    );
  }

  private get(kind: Kind, api: ApiClient, path: string): Promise<void> {
    return this.record({ kind, api, path }, () => api.get(path), false);
  }

  private async record(
    what: Pick<Sent, 'kind' | 'api' | 'path' | 'body' | 'key'>,
    ask: () => Promise<Answer>,
    mayHangUp: boolean,
  ): Promise<void> {
    const at = performance.now();
    const outcome = await ask().then(
      (answer) => ({ answer, failure: null }),
      (error: unknown) => ({ answer: null, failure: mayHangUp ? null : String(error) }),
    );
    this.sent.push({ ...what, at, took: performance.now() - at, ...outcome });
  }
}
