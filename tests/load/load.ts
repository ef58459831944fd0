import { setTimeout as pause } from 'node:timers/promises';
import { type AConcert, aConcertWith, aFanInLine, type ConcertWishes, type System } from '#testing';
import { Caller } from './caller.js';
import { Fan } from './fan.js';
import type { History } from './history.js';
import { planOf } from './plan.js';
import { Recorder } from './recorder.js';
import { Visit } from './visit.js';

export interface LoadOptions {
  /** What every fan tries follows from it; its fans are its own, so two loads of one system need two seeds. */
  readonly seed: number;
  /** How many fans buy at once. Default 24. */
  readonly fans?: number;
  /** A concert that nobody else buys of, or how to make one. Default three dates of four seats a fan. */
  readonly concert?: AConcert | ConcertWishes;
  /** Base URLs. Default all of the system's. */
  readonly gateways?: readonly string[];
  /** Mean pause of a fan between two rounds, ms. Default such that at most 30 rounds begin in a second. */
  readonly thinkMs?: number;
  /** Longest time for a whole request, its repeats included, ms; then it is recorded as undecided. Default 120,000. */
  readonly requestMs?: number;
  /** `PAYMENT_DEADLINE_SECONDS` of the system. Default its default, 60. */
  readonly paymentDeadlineSeconds?: number;
}

/** Fans that buy until they are told to stop. */
export interface Load {
  /** Payments that were answered 201 COMPLETED so far. */
  paid(): number;
  /** Resolves at the next of them. */
  nextPayment(): Promise<void>;
  /** Answers that break the contract; each begins with `silent`, `late`, `shape` or `unexpected`. */
  readonly breaches: readonly string[];
  /** Answers by what was asked, then by status (`none`: no answer). */
  readonly counts: Readonly<Record<string, Readonly<Record<string, number>>>>;
  /** Begins nothing new, brings every request to its decision, and reads each fan's wallet, entries and reservations. */
  stop(): Promise<History>;
}

const ROUNDS_PER_SECOND = 30;

export async function startLoad(system: System, options: LoadOptions): Promise<Load> {
  const { seed, fans: count = 24, gateways = system.gateways, requestMs = 120_000 } = options;
  const { thinkMs = (1_000 * count) / ROUNDS_PER_SECOND, paymentDeadlineSeconds = 60 } = options;
  const concert = await theConcert(system, options.concert ?? { seats: 4 * count, schedules: 3 });
  const { concertId, price } = concert;
  const scheduleIds = concert.schedules.map(({ scheduleId }) => scheduleId);
  const recorder = new Recorder();
  let over = false;
  const isOver = () => over;
  const running = Array.from({ length: count }, async (_, index) => {
    const userId = `fan-${seed}-${index}`;
    const caller = new Caller(userId, gateways, recorder, { requestMs, firstGateway: index });
    const visit = new Visit(caller, userId, concertId);
    const fan = new Fan(caller, visit, { userId, scheduleIds, price, requestMs, isOver });
    await visit.signIn();
    for (let round = 0; !over; round += 1) {
      const plan = planOf(seed, index, round, scheduleIds.length);
      await fan.round(plan);
      await thinking(plan.think * thinkMs, isOver);
    }
    return fan;
  });
  // A fan that fails is told by `stop`, not by an unhandled rejection meanwhile.
  const ended = Promise.allSettled(running);
  const stop = async (): Promise<History> => {
    over = true;
    await ended;
    await Promise.all((await Promise.all(running)).map((fan) => fan.readAll()));
    const { operations } = recorder;
    return { seed, concert: { concertId, price, scheduleIds }, paymentDeadlineSeconds, operations };
  };
  let stopped: Promise<History> | undefined;
  return {
    paid: () => recorder.paid,
    nextPayment: () => recorder.nextPayment(),
    breaches: recorder.breaches,
    counts: recorder.counts,
    stop: () => (stopped ??= stop()),
  };
}

/** Made, and known to the waiting room. */
async function theConcert(system: System, wanted: AConcert | ConcertWishes): Promise<AConcert> {
  if ('concertId' in wanted) return wanted;
  const concert = await aConcertWith(system, wanted);
  await aFanInLine(system, concert);
  return concert;
}

async function thinking(ms: number, isOver: () => boolean): Promise<void> {
  const end = performance.now() + ms;
  while (performance.now() < end && !isOver()) await pause(Math.min(100, ms));
}
