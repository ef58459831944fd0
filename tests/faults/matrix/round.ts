import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { eventually, type OwnServers, type ServiceProcess, type System } from '#testing';
import { violationsIn } from '../../load/checker/check.js';
import { startLoad } from '../../load/load.js';
import { settles } from '../mistakes.js';
import { Duplicator } from './duplicator.js';
import type { Fired } from './faults.js';
import { DEADLINE_SECONDS, formatInjury, formatRound, type Injury, type Round } from './rounds.js';
import { provoke } from './triggers.js';

/** Far past the consumers' session of 2.5 s: the partitions move, and the process wakes as a zombie. */
const PAUSE_MS = 10_000;
const FANS = 12;

/** Where rounds are fought: a system whose processes carry the preload, on servers of its own. */
export interface Ground {
  readonly system: System;
  readonly servers: OwnServers;
  /** FAULT_FOLDER of every process. */
  readonly folder: string;
}

/** What was done to whom. */
export interface Hurt extends Fired {
  readonly injury: Injury;
  readonly url: string;
}

export interface RoundReport {
  readonly round: string;
  readonly fired: readonly Hurt[];
  readonly payments: number;
  /** From the last injury to the next successful payment, ms. */
  readonly recoveryMs: number;
  readonly operations: number;
  readonly copies: number;
  /** What the history, the contract and the audit found. */
  readonly violations: readonly string[];
}

/**
 * Hurts the processes while purchases run, lets them recover, brings everything to rest, and looks for damage.
 * @throws when an injury never came about, or the system does not come to rest
 */
export async function fight(ground: Ground, round: Round): Promise<RoundReport> {
  const { system } = ground;
  const load = await startLoad(system, { seed: round.seed, fans: FANS, paymentDeadlineSeconds: DEADLINE_SECONDS });
  const duplicator = round.circumstance === 'duplicates' ? new Duplicator(system.kafka) : null;
  try {
    await duplicator?.start();
    await load.nextPayment();
    const fired = await hurtAll(ground, round);
    const hurtAt = Math.max(...fired.map(({ at }) => at));
    await load.nextPayment();
    const recoveryMs = Date.now() - hurtAt;
    await load.nextPayment();
    const payments = load.paid();
    const history = await load.stop();
    await duplicator?.stop();
    await Promise.all(Object.values(system.processes).flat().map(isBack));
    await settles(system, 60_000);
    return {
      round: formatRound(round),
      fired,
      payments,
      recoveryMs,
      operations: history.operations.length,
      copies: duplicator?.copies ?? 0,
      violations: [
        ...load.breaches.filter((breach) => !isOfStalled(breach, fired)),
        ...violationsIn(history).map((each) => JSON.stringify(each)),
      ],
    };
  } finally {
    // A round that fails must not buy on in the next one. Both may be stopped twice.
    await Promise.allSettled([load.stop(), duplicator?.stop()]);
  }
}

/** Arms every injury, brings its moment about, and nurses the process back to life. */
async function hurtAll(ground: Ground, round: Round): Promise<Hurt[]> {
  return Promise.all(round.injuries.map((injury) => hurt(ground, round, injury)));
}

async function hurt({ system, servers, folder }: Ground, round: Round, injury: Injury): Promise<Hurt> {
  const { moment, state, nth, how } = injury;
  const id = `${round.seed} ${formatInjury(injury)}`;
  const replicas = system.processes[injury.process].map((process) => ({ process, pid: process.pid }));
  for (const { process } of replicas) {
    process.send({ arm: { id, moment, ...(state !== undefined && { state }), nth, how } });
  }
  let given = false;
  const come = () => firedIn(join(folder, id));
  const undo = await provoke(system, injury, () => given || come() !== undefined);
  const fired = await eventually(come, { within: 90_000 }).catch(async () => {
    given = true;
    await undo();
    throw new Error(`${formatInjury(injury)} never came about`);
  });
  if (injury === round.injuries[0] && (round.circumstance === 'postgres' || round.circumstance === 'kafka')) {
    await servers[round.circumstance].restart();
  }
  if (how === 'pause') await pause(PAUSE_MS);
  const victim = replicas.find(({ pid }) => pid === fired.pid)!.process;
  await nurse(victim, injury, fired.pid);
  await undo();
  return { ...fired, injury, url: victim.url };
}

/** Nobody answers while it stands still, and what it answers then is late. */
function isOfStalled(breach: string, fired: readonly Hurt[]): boolean {
  return (
    /^(late|silent):/.test(breach) && fired.some(({ injury, url }) => injury.how === 'pause' && breach.includes(url))
  );
}

/** A dead process is started again by its supervisor; a sleeping one is woken. */
async function nurse(victim: ServiceProcess, { how }: Injury, pid: number): Promise<void> {
  if (how === 'pause') await victim.kill('SIGCONT');
  else if (how !== 'abort') await eventually(() => victim.pid !== undefined && victim.pid !== pid);
  await isBack(victim);
}

/** One that was started while a server was away may have ended again, and was started again. */
const isBack = (process: ServiceProcess) => eventually(() => process.ready().then(() => true), { within: 90_000 });

function firedIn(file: string): Fired | undefined {
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Fired) : undefined;
}
