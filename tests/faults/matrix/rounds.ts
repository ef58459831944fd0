import { moments } from '#messaging';
import type { ProcessName } from '#testing';
import { cancellationStates } from '../../../services/reservation/src/domain/cancellation-saga.js';
import { paymentStates } from '../../../services/reservation/src/domain/payment.js';
import type { Fault } from './faults.js';

/** `PAYMENT_DEADLINE_SECONDS` of the system: short, so that undoing is part of a round. */
export const DEADLINE_SECONDS = 4;

/** Beside what happens to the process: nothing, every message may come twice, or a server dies in the same moment. */
export const circumstances = ['plain', 'duplicates', 'postgres', 'kafka'] as const;
export type Circumstance = (typeof circumstances)[number];

/** One process of a service hurt at one moment: whichever of its replicas comes there first. */
export interface Injury extends Omit<Fault, 'id'> {
  readonly process: ProcessName;
}

/** A load of purchases, during which one or several processes are hurt. */
export interface Round {
  readonly seed: number;
  readonly circumstance: Circumstance;
  readonly injuries: readonly Injury[];
}

/** The fault points of a service that handles messages; `saga.moved` and the gateway's own are apart. */
const handling = moments.filter((moment) => !/^(command|timer|saga)\.|^reply\.received$/.test(moment));
const timing = ['timer.claimed', 'timer.committed'];
const asking = ['command.sending', 'command.sent', 'reply.received'];
const sagaStates = [
  ...paymentStates.map((state) => `payment.${state}`),
  ...cancellationStates.map((state) => `cancellation.${state}`),
];

const momentsOf: Readonly<Record<ProcessName, readonly string[]>> = {
  gateway: asking,
  queue: [...handling, ...timing],
  concert: [...handling, ...timing],
  reservation: [...handling, ...timing, ...sagaStates.map((state) => `saga.moved(${state})`)],
  wallet: handling,
};

/** Every fault point of every process, killed in each circumstance, and paused past its session. */
export function wholeMatrix(seed: number): Round[] {
  const ways = [
    ...circumstances.map((circumstance) => ({ circumstance, how: 'kill' })),
    { circumstance: 'plain', how: 'pause' },
  ];
  const rounds = Object.entries(momentsOf).flatMap(([process, places]) =>
    places.flatMap((point) => ways.map(({ circumstance, how }) => ({ process, point, circumstance, how }))),
  );
  return rounds.map(({ process, point, circumstance, how }, index) => {
    const own = seed + index;
    return parseRound(`seed=${own} ${circumstance} ${process}@${point}#${1 + (own % 3)}:${how}`);
  });
}

const form = /^(\w+)@([a-z.]+)(?:\(([\w.]+)\))?#(\d+):(kill|pause|throw|abort)$/;

/**
 * The slice of `npm test`: every fault point, every circumstance and every way to be hurt at least once, several to a
 * round where they are different processes.
 */
export const slice: readonly Round[] = [
  'seed=1 plain wallet@batch.begun#2:kill concert@batch.committed#2:kill reservation@saga.moved(payment.DEBITING)#1:kill',
  'seed=2 duplicates wallet@batch.loaded#3:kill queue@batch.written#2:kill reservation@saga.moved(payment.CONFIRMING)#2:kill',
  'seed=3 postgres concert@batch.saved#2:kill reservation@saga.moved(payment.EXPIRING_TOKEN)#1:kill',
  'seed=4 kafka wallet@outbox.sent#2:kill reservation@outbox.deleted#2:kill',
  'seed=5 plain wallet@batch.decided#2:pause reservation@saga.moved(payment.COMPLETED)#1:kill',
  'seed=6 plain gateway@command.sending#5:kill queue@timer.claimed#1:kill reservation@saga.moved(payment.REJECTED)#1:kill',
  'seed=7 duplicates gateway@command.sent#5:kill queue@timer.committed#1:kill reservation@saga.moved(cancellation.REFUNDING)#1:kill',
  'seed=8 plain gateway@reply.received#5:kill concert@reply.sent#1:kill reservation@saga.moved(cancellation.RELEASING)#1:kill',
  'seed=9 plain wallet@offset.committed#1:throw concert@batch.saved#2:abort reservation@saga.moved(cancellation.DONE)#1:throw',
  'seed=10 plain concert@lane.taken#1:kill wallet@message.parking#1:kill',
  'seed=11 plain reservation@saga.moved(payment.REFUNDING)#1:kill reservation@saga.moved(payment.COMPENSATED)#1:kill',
  'seed=12 plain reservation@saga.moved(payment.REVOKING)#1:kill',
].map(parseRound);

/**
 * A round from its text, which every run prints: `seed=7 duplicates wallet@batch.committed#2:kill`.
 * @throws when it is no such text
 */
export function parseRound(text: string): Round {
  const [seed = '', circumstance = '', ...injuries] = text.trim().split(/\s+/);
  if (!/^seed=\d+$/.test(seed) || !circumstances.some((known) => known === circumstance) || injuries.length === 0) {
    throw new Error(`not a round: ${text}`);
  }
  return {
    seed: Number(seed.slice(5)),
    circumstance: circumstance as Circumstance,
    injuries: injuries.map((injury) => {
      const [, process, moment, state, nth, how] = form.exec(injury) ?? [];
      if (!moments.some((known) => known === moment)) throw new Error(`not a fault point: ${injury}`);
      return {
        process: process as ProcessName,
        moment: moment!,
        ...(state !== undefined && { state }),
        nth: Number(nth),
        how: how as Injury['how'],
      };
    }),
  };
}

export function formatRound({ seed, circumstance, injuries }: Round): string {
  return [`seed=${seed}`, circumstance, ...injuries.map(formatInjury)].join(' ');
}

export function formatInjury({ process, moment, state, nth, how }: Injury): string {
  return `${process}@${moment}${state === undefined ? '' : `(${state})`}#${nth}:${how}`;
}
