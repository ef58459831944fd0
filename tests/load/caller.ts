import { setTimeout as pause } from 'node:timers/promises';
import { type Answer, apiOf, type RequestHeaders, stalledBetween } from '#testing';
import type { Asked, Attempt, OperationKind, Operation } from './history.js';
import { toldBy } from './history.js';
import { ANSWER_MS, type Recorder } from './recorder.js';

export interface Request {
  /** What it is counted as. */
  readonly what: string;
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly body?: unknown;
  readonly headers?: RequestHeaders;
}

/** A request whose outcome belongs into the history. */
export interface Wanted extends Omit<Request, 'what'> {
  readonly kind: OperationKind;
  readonly asked: Asked;
  readonly key?: string;
  /** Cuts the first attempt's connection after this many ms. */
  readonly cutAfterMs?: number;
  readonly final?: boolean;
}

/** An operation as it ended, and the whole answer where there was one. */
export interface Ended {
  readonly operation: Operation;
  readonly answer: Answer | null;
}

interface Tried {
  readonly attempt: Attempt;
  readonly answer: Answer | null;
}

/** How much longer than the contract allows an answer is waited for, so that a late one is seen. */
const LATE_MS = 2_000;
/** Between two attempts when nobody said how long, ms. */
const RETRY_MS = 250;
/** Between two looks of a waiting visitor, ms: more often than told, so that tests are short. */
const POLL_MS = 500;
/** Longest obedience to a Retry-After, ms. */
const RETRY_MAX_MS = 5_000;

/** One fan's connection to all gateways: in turn, and to the next one after a failure. */
export class Caller {
  private turn: number;
  private seq = 0;

  constructor(
    private readonly fan: string,
    private readonly gateways: readonly string[],
    private readonly recorder: Recorder,
    private readonly limits: { readonly requestMs: number; readonly firstGateway: number },
  ) {
    this.turn = limits.firstGateway;
  }

  /** One attempt at one gateway; null when there was no answer. */
  async ask(request: Request, cutAfterMs?: number): Promise<Answer | null> {
    return (await this.attempt(request, cutAfterMs)).answer;
  }

  /**
   * Sends a request, with its key if it has one, until it is decided or the time for a whole request is over; records it.
   * `mend` is called with each 401 and makes the headers for the next attempt.
   */
  async untilDecided(wanted: Wanted, mend?: (answer: Answer) => Promise<RequestHeaders>): Promise<Ended> {
    const { kind, key, final, asked, cutAfterMs } = wanted;
    const seq = this.seq++;
    const begun = this.recorder.now();
    const attempts: Attempt[] = [];
    let headers: RequestHeaders = { ...wanted.headers, 'idempotency-key': key };
    let decided: Tried | null = null;
    while (!decided && this.recorder.now() - begun < this.limits.requestMs) {
      const cut = attempts.length === 0 ? cutAfterMs : undefined;
      const tried = await this.attempt({ ...wanted, what: kind, headers }, cut);
      attempts.push(tried.attempt);
      if (tried.answer?.status === 401 && mend) headers = { ...headers, ...(await mend(tried.answer)) };
      else if (isDecision(tried.answer, wanted.method)) decided = tried;
      if (!decided) await pause(retryAfterMs(tried.answer));
    }
    const operation: Operation = {
      fan: this.fan,
      seq,
      kind,
      key: key ?? null,
      request: asked,
      invokedAt: key === undefined && decided ? decided.attempt.invokedAt : begun,
      completedAt: decided?.attempt.completedAt ?? null,
      attempts,
      status: decided?.answer?.status ?? null,
      answer: decided ? toldBy(decided.answer?.body) : null,
      ...(final && { final }),
    };
    this.recorder.add(operation);
    return { operation, answer: decided?.answer ?? null };
  }

  private async attempt({ what, method, path, body, headers }: Request, cutAfterMs?: number): Promise<Tried> {
    const gateway = this.gateways[this.turn++ % this.gateways.length]!;
    const invokedAt = this.recorder.now();
    const begun = performance.now();
    const stalledMs = () => stalledBetween(begun, performance.now());
    const signal = AbortSignal.timeout(cutAfterMs ?? ANSWER_MS + LATE_MS);
    try {
      const answer = await apiOf(gateway).send(method, path, textOf(body), { ...typeOf(body), ...headers }, signal);
      const completedAt = this.recorder.now();
      this.recorder.answered(what, answer, { gateway, tookMs: completedAt - invokedAt - stalledMs() });
      return { attempt: { invokedAt, completedAt, status: answer.status }, answer };
    } catch (error) {
      const isSilent = signal.aborted && !cutAfterMs && stalledMs() < LATE_MS;
      const why = error instanceof SyntaxError ? 'broken' : isSilent ? 'silent' : cutAfterMs ? 'cut' : 'failed';
      this.recorder.unanswered(what, why, gateway);
      return { attempt: { invokedAt, completedAt: this.recorder.now(), status: 'none' }, answer: null };
    }
  }
}

/** A read that met a fault is a breach, and read again; a command that did may have happened. */
function isDecision(answer: Answer | null, method: Request['method']): boolean {
  const again = method === 'GET' ? [429, 500, 503] : [202, 429, 503];
  return answer !== null && !again.includes(answer.status);
}

/** As long as the answer says, but for a waiting visitor. */
export function retryAfterMs(answer: Answer | null): number {
  if (answer?.body?.status === 'WAITING') return POLL_MS;
  if (!answer) return RETRY_MS;
  return Math.min(RETRY_MAX_MS, 1_000 * Number(answer.headers.get('retry-after') ?? 0)) || RETRY_MS;
}

const textOf = (body: unknown) => (body === undefined ? undefined : JSON.stringify(body));
const typeOf = (body: unknown): RequestHeaders => (body === undefined ? {} : { 'content-type': 'application/json' });
