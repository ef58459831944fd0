import { Logger } from '@nestjs/common';
import { Counter, Gauge } from '#service';
import CircuitBreaker from 'opossum';
import { isProblemCode } from '../problems/catalogue.js';
import { type FieldError, invalidRequest, overloaded, Problem } from '../problems/problem.js';

const states = new Gauge({
  name: 'gateway_breaker_state',
  help: 'Circuit breaker of an upstream: 0 closed, 1 half open, 2 open',
  labelNames: ['upstream'],
});
const queries = new Counter({
  name: 'gateway_upstream_queries_total',
  help: 'Queries to an upstream, by how they ended',
  labelNames: ['upstream', 'outcome'],
});

export interface UpstreamOptions {
  readonly name: string;
  /** Without a trailing slash. */
  readonly url: string;
  readonly timeoutMs: number;
  readonly inFlightMax: number;
  readonly resetMs: number;
}

/** The answer of a service that did answer, in whatever mood. */
interface UpstreamAnswer {
  readonly status: number;
  readonly text: string;
}

const ROLLING_WINDOW_MS = 10_000;
/** Fewer calls in the window say nothing. */
const CALLS_TO_JUDGE_MIN = 5;
const FAILURES_TO_OPEN_PERCENT = 50;

class UpstreamFault extends Error {
  constructor(
    readonly upstream: string,
    readonly status: number,
  ) {
    super(`${upstream} answered ${status}`);
  }
}

/** Queries to one service, behind a breaker of its own. Connections are kept alive by Node's fetch. */
export class Upstream {
  private readonly logger: Logger;
  private readonly breaker: CircuitBreaker<[string, string], UpstreamAnswer>;
  private lastFailed = '/health/live';

  constructor(private readonly options: UpstreamOptions) {
    const { name, inFlightMax, resetMs } = options;
    this.logger = new Logger(`upstream ${name}`);
    this.breaker = new CircuitBreaker((path: string, traceparent: string) => this.call(path, traceparent), {
      name,
      // The call ends itself in time, and is really aborted then; the breaker's own timer would only stop waiting.
      timeout: false,
      capacity: inFlightMax,
      resetTimeout: resetMs,
      errorThresholdPercentage: FAILURES_TO_OPEN_PERCENT,
      volumeThreshold: CALLS_TO_JUDGE_MIN,
      rollingCountTimeout: ROLLING_WINDOW_MS,
      rollingCountBuckets: 10,
      enableSnapshots: false,
    });
    this.watch();
  }

  get state(): 'closed' | 'halfOpen' | 'open' {
    if (this.breaker.opened) return 'open';
    return this.breaker.halfOpen ? 'halfOpen' : 'closed';
  }

  /**
   * The JSON text that the service answers a query with.
   * @throws Problem the service's own 404 or 400; OVERLOADED when it does not answer; INTERNAL when it is at fault
   */
  async get(path: string, traceparent = ''): Promise<string> {
    const { status, text } = await this.ask(path, traceparent);
    if (status === 200) return text;
    throw refusal(status, text);
  }

  close(): void {
    this.breaker.shutdown();
  }

  private async ask(path: string, traceparent: string): Promise<UpstreamAnswer> {
    try {
      return await this.breaker.fire(path, traceparent);
    } catch (error) {
      const { name, resetMs } = this.options;
      if (CircuitBreaker.isOurError(error as Error)) {
        queries.inc({ upstream: name, outcome: 'refused' });
        throw overloaded(`The ${name} service does not answer right now.`, Math.ceil(resetMs / 1000));
      }
      queries.inc({ upstream: name, outcome: 'failed' });
      this.lastFailed = path;
      // One that only stands before the service, or a service that is still starting, says these.
      if (error instanceof UpstreamFault && error.status === 500) throw error;
      throw overloaded(`The ${name} service does not answer right now.`);
    }
  }

  /** Answers below 500 are no failures: a 404 says nothing about the service's health. */
  private async call(path: string, traceparent: string): Promise<UpstreamAnswer> {
    const { name, url, timeoutMs } = this.options;
    const response = await fetch(url + path, {
      headers: { accept: 'application/json', ...(traceparent !== '' && { traceparent }) },
      redirect: 'error',
      signal: AbortSignal.timeout(timeoutMs),
    });
    const text = await response.text();
    if (response.status >= 500) throw new UpstreamFault(name, response.status);
    queries.inc({ upstream: name, outcome: 'answered' });
    return { status: response.status, text };
  }

  private watch(): void {
    const { name } = this.options;
    const state = states.labels(name);
    let announced = 'closed';
    // A service that stays away opens its breaker again after each try: that is said once.
    const announce = (text: string) => {
      if (text !== announced) this.logger.warn(`the breaker is ${text}`);
      announced = text;
    };
    state.set(0);
    this.breaker.on('open', () => {
      state.set(2);
      announce('open');
    });
    this.breaker.on('halfOpen', () => {
      state.set(1);
      // The one call that is let through to try is our own, a repeat of one that failed: no client waits for it.
      this.breaker.fire(this.lastFailed, '').catch(() => undefined);
    });
    this.breaker.on('close', () => {
      state.set(0);
      announce('closed');
    });
  }
}

/** A service refuses in the API's own words: `{ code, errors? }`. */
function refusal(status: number, text: string): Error {
  const { code, errors } = parsed(text);
  if (status === 400)
    return invalidRequest('The query is not valid.', Array.isArray(errors) ? (errors as FieldError[]) : []);
  if (status === 404 && isProblemCode(code)) return new Problem(code, 'Unknown, or not yours to see.');
  return new Error(`an upstream answered ${status}`);
}

function parsed(text: string): { code?: unknown; errors?: unknown } {
  try {
    return (JSON.parse(text) ?? {}) as { code?: unknown; errors?: unknown };
  } catch {
    return {};
  }
}
