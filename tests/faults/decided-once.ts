import { expect } from '@jest/globals';
import { type AFan, type Answer, eventually, expectStatus, problemOf, stalledBetween } from '#testing';
import type { Sent } from './traffic.js';

/** By the contract an answer comes within 5 s. */
const ANSWER_MS = 5_000;
const DECIDED_MS = 60_000;
/** Repeats at a time. */
const ABREAST = 50;

/** Whatever is away, everybody is answered in time, and told what to do where there is no decision. */
export function expectAnswered(sent: readonly Sent[]): void {
  for (const { kind, path, at, took, answer, failure } of sent) {
    const waited = took - stalledBetween(at, at + took);
    expect({ path, failure, late: waited > ANSWER_MS && waited }).toEqual({ path, failure: null, late: false });
    if (answer === null) continue;
    const allowed = kind === 'memory' ? [200] : [200, 201, 202, 503];
    expect({ path, not: !allowed.includes(answer.status) && answer }).toEqual({ path, not: false });
    if (answer.status === 503) expect(problemOf(answer).code).toBe('OVERLOADED');
    if (answer.status === 202) expect(answer.headers.get('retry-after')).toMatch(/^\d+$/);
  }
}

/** Those who were told to come again. */
export function undecided(sent: readonly Sent[]): Sent[] {
  return sent.filter(({ answer }) => isUndecided(answer));
}

/** Repeats every top-up and every hold with its key: who was told nothing learns the decision, who was told learns the same. */
export async function expectSameDecisions(sent: readonly Sent[]): Promise<void> {
  const keyed = sent.filter(({ kind }) => kind === 'top-up' || kind === 'hold');
  while (keyed.length > 0) await Promise.all(keyed.splice(0, ABREAST).map(expectSameDecision));
}

/** Every top-up counts once. `sent` has all that the fans, who had no money, have ever put in. */
export async function expectCountedOnce(sent: readonly Sent[], fans: readonly AFan[]): Promise<void> {
  for (const { api } of fans) {
    const topUps = sent.filter((one) => one.kind === 'top-up' && one.api === api);
    // The breaker of a service that was away may take a moment to close.
    const { balance } = await eventually(async () =>
      expectStatus<{ balance: number }>(await api.get('/v1/wallet'), 200),
    );
    expect(balance).toBe(topUps.length);
  }
}

async function expectSameDecision({ api, path, body, key, answer }: Sent): Promise<void> {
  const decided = await eventually(
    async () => {
      const latest = await api.post(path, body, { 'idempotency-key': key });
      return !isUndecided(latest) && latest;
    },
    { within: DECIDED_MS, every: 250 },
  );
  expect({ path, status: decided.status }).toEqual({ path, status: 201 });
  if (answer?.status === 201) expect(idOf(decided)).toBe(idOf(answer));
}

const isUndecided = (answer: Answer | null) => answer?.status === 202 || answer?.status === 503;

const idOf = ({ body }: Answer): string => (body.topUpId ?? body.reservationId) as string;
