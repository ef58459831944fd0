import { queue } from '#contracts';
import { AdminApi, theGateway } from './admin-api.js';
import { CannotDo, SaidNo } from './outcomes.js';
import { facts } from './table.js';
import { defineVerb, wholeNumber } from './verb.js';

const help = `ops verify-draw <concert> --registration 17                       draws again from the seed that the gateway publishes
ops verify-draw --seed … --registered 900 --registration 17       the same from what was noted, without a gateway

  --registration 17  which registration, as the place showed it in the pre-queue
  --token …          instead of it: a queue token of that place, which has it inside
  --number 3         the number that was drawn for it, to be compared
  --hash …           the SHA-256 of the seed as it was noted before the sale opened, to be compared
  --seed …           64 hexadecimal digits
  --registered 900   how many were registered when the sale opened

  OPS_URL  ${theGateway}; nobody signs in

Exit code 1: something does not agree, or there is no draw to verify yet.`;

const mostRegistered = 100_000_000;

interface Draw {
  readonly seed: string;
  readonly registered: number;
  /** Null where nothing but the options says anything. */
  readonly seedHash: string | null;
}

interface Noted {
  readonly registration?: string;
  readonly token?: string;
  readonly seed?: string;
  readonly registered?: string;
  readonly number?: string;
  readonly hash?: string;
}

const text = { type: 'string' } as const;

export const verb = defineVerb({
  summary: 'the number that a registration of a pre-queue drew, from the published seed',
  help,
  options: { registration: text, token: text, seed: text, registered: text, number: text, hash: text },
  async run({ words, options, terminal, environment, show }) {
    const [concertId, ...more] = words;
    if (more.length > 0 || (concertId === undefined) === (options.seed === undefined)) {
      throw new CannotDo('usage: ops verify-draw <concert> | --seed … --registered …, with --registration or --token');
    }
    const registration = registrationIn(options);
    const number = options.number === undefined ? null : wholeNumber('number', options.number, 1, mostRegistered);
    const { seed, registered, seedHash } = concertId ? await published(concertId, environment) : noted(options);
    if (registration > registered) throw new SaidNo(`there are ${registered} registrations: none is ${registration}`);
    const hash = queue.hashOfSeed(seed);
    const queueNumber = queue.drawNumbers(seed, registered)[registration - 1];
    const wrong = [
      ...[seedHash, options.hash?.toLowerCase()].flatMap((known) =>
        known && known !== hash ? `the seed's hash is ${hash}, not ${known}` : [],
      ),
      ...(number !== null && number !== queueNumber ? [`the number is ${queueNumber}, not ${number}`] : []),
    ];
    show({ registration, queueNumber, registered, seed, seedHash: hash, agrees: wrong.length === 0 }, facts);
    for (const line of wrong) terminal.note(line);
    return wrong.length === 0 ? 0 : 1;
  },
});

async function published(concertId: string, environment: NodeJS.ProcessEnv): Promise<Draw> {
  const path = `/v1/concerts/${encodeURIComponent(concertId)}/queue`;
  const { draw } = await AdminApi.asAnybody(environment).get<{ draw: queue.Draw | null }>(path);
  if (!draw) throw new SaidNo('this concert has no pre-queue');
  const { seed, ...known } = draw;
  if (seed === null) throw new SaidNo('the numbers are not drawn yet: the seed is published when they are');
  return { ...known, seed };
}

function noted({ seed = '', registered = '' }: Noted): Draw {
  if (!queue.seedForm.test(seed)) throw new CannotDo('--seed must be 64 hexadecimal digits');
  return { seed, registered: wholeNumber('registered', registered, 1, mostRegistered), seedHash: null };
}

function registrationIn({ registration, token }: Noted): number {
  if (token === undefined) return wholeNumber('registration', registration ?? '', 1, mostRegistered);
  const said = numberIn(token);
  if (said === null) throw new CannotDo('--token is no queue token');
  if (said >= 0) throw new CannotDo('--token is of a place that was not in the pre-queue');
  return -said;
}

/** Where a token has a place's number: nobody but the gateways can verify it, but here it only proves itself. */
function numberIn(token: string): number | null {
  try {
    const payload: unknown = JSON.parse(Buffer.from(token.split('.')[2] ?? '', 'base64url').toString());
    return Array.isArray(payload) && Number.isInteger(payload[2]) ? (payload[2] as number) : null;
  } catch {
    return null;
  }
}
