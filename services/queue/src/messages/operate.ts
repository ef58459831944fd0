import { queue } from '#contracts';
import { answer, type Decision, type Message, reject } from '#messaging';
import { control, reset } from '../domain/controls.js';
import { queueBody } from '../domain/queue-body.js';
import type { LoadedLine } from './lines.js';
import type { Seeds } from './seeds.js';

export type OperatorCommand = Message<typeof queue.changeControls> | Message<typeof queue.resetQueue>;

export function isOperators(message: { readonly type: string }): message is OperatorCommand {
  return message.type === 'queue.ChangeControls.v1' || message.type === 'queue.ResetQueue.v1';
}

/** What an operator wants of a line: done, noted with what it was, and answered with the queue as it is now. */
export function operate(loaded: LoadedLine, message: OperatorCommand, seeds: Seeds): Decision {
  const { line } = loaded;
  if (message.type === 'queue.ChangeControls.v1') {
    const { tickSeconds, ...others } = queue.controls.parse(message.payload);
    const refused = control(line, { ...others, ...(tickSeconds !== undefined && { tickMs: tickSeconds * 1_000 }) });
    if (refused) return { outcome: reject(refused) };
  }
  const noted = message.type === 'queue.ResetQueue.v1' ? begin(loaded, seeds) : noteOf(message.payload);
  return { outcome: answer(queueBody(line.room, loaded.counts!, line.now)), noted };
}

function begin(loaded: LoadedLine, seeds: Seeds): string {
  reset(loaded.line, seeds.next());
  loaded.counts = { waiting: 0, active: 0, waitingOf: new Map() };
  return `generation ${loaded.line.room.generation}`;
}

/** What was asked for. Codes are told to nobody, nor are their hashes, which a short code can be guessed from. */
function noteOf(payload: Message<typeof queue.changeControls>['payload']): string {
  const { classes, ...others } = queue.controls.parse(payload);
  const told = classes?.map(({ codeHash, ...one }) => ({
    ...one,
    ...(codeHash !== undefined && { code: codeHash === null ? 'none' : 'new' }),
  }));
  return JSON.stringify({ ...others, ...(told && { classes: told }) });
}
