import { replayDeadLetter, reservation } from '#contracts';
import type { InFlight } from './network.js';
import type { Told } from './saga-world.js';
import type { Trial } from './trial.js';

const acts = { retry: reservation.retryPayment, compensate: reservation.compensatePayment };
/** What an operator may do about a STUCK saga. */
export type Act = keyof typeof acts;

const operation = { operator: 'olga', reason: 'The test wants it.' };

/** Has the STUCK saga ask again, under another id. @returns what flies now */
export async function operate(trial: Trial, act: Act): Promise<InFlight> {
  const before = await trial.row();
  const { kind, code } = await decided(trial, act);
  if (kind !== 'answered') throw new Error(`to ${act} is ${code ?? kind}`);
  const { request, stuck } = await trial.row();
  const again = trial.find(({ id }) => id === request);
  if (!again || stuck || request === before.request) throw new Error('the saga does not ask again');
  trial.hit(`sent since an operator wants to ${act}`, again);
  return again;
}

/** The operator may not do that now, and nothing comes of it. */
export async function mustRefuse(trial: Trial, act: Act, code: string): Promise<void> {
  await trial.mustStay(async () => {
    const told = await decided(trial, act);
    if (told.code !== code) throw new Error(`to ${act} is ${told.code ?? told.kind}, not ${code}`);
  });
  trial.hits.push(`to ${act} refused`);
}

/** The bug is mended, and the operator has the message handled after all, with what is parked behind it. */
export async function mend(trial: Trial, message: InFlight): Promise<void> {
  const { world } = trial;
  for (const { handler, consumer } of world.network.groups(message)) {
    if (!handler.bugs.delete(message.id)) throw new Error(`no bug keeps ${message.type} from being handled`);
    const service = consumer.service as keyof typeof replayDeadLetter;
    const find = `select id from ${service}.dead_letter where message_id = $1`;
    const [letter] = await world.rows<{ id: string }>(find, [message.id]);
    const replay = { deadLetterId: letter!.id, ...operation };
    const { code, body } = await world.decided(replayDeadLetter[service], replay);
    if (body.status !== 'REPLAYED') throw new Error(`the letter is not replayed: ${code ?? body.error}`);
  }
  trial.hit('replayed', message);
}

function decided({ world, buyer: { reservationId }, paymentId }: Trial, act: Act): Promise<Told> {
  return world.decided(acts[act], { reservationId, paymentId, ...operation });
}
