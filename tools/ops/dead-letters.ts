import { AdminApi, adminApiHelp, mostItems } from './admin-api.js';
import { CannotDo } from './outcomes.js';
import { facts, table } from './table.js';
import { changing, confirm, defineVerb, listing, reasonTo, wantedItems } from './verb.js';

const help = `ops dead-letters [list] [--replayed] [--limit 20 | --all]   what is parked, or with --replayed what was
ops dead-letters show <id>                                  one of them, with its message and its error
ops dead-letters replay <id> --reason "…" [--yes]           has it handled again, and what is parked behind it

  --yes     does it without asking

${adminApiHelp}

Exit code 1: there is no such dead letter, or it still cannot be handled.`;

interface DeadLetter {
  readonly deadLetterId: string;
  readonly service: string;
  readonly type: string | null;
  readonly subject: string | null;
  readonly reason: string;
  readonly error: string;
  readonly parkedAt: string;
}

/** What came of a replay. */
interface Replay {
  readonly deadLetterId: string;
  readonly status: 'REPLAYED' | 'PARKED';
  readonly replayed: number;
  readonly remaining: number;
  readonly error?: string;
}

const path = '/v1/admin/dead-letters';

export const verb = defineVerb({
  summary: 'parked messages and why; has one handled again',
  help,
  options: { replayed: { type: 'boolean' }, ...listing, ...changing },
  async run({ words, options, terminal, environment, show }) {
    const [action = 'list', id, ...more] = words;
    if (more.length > 0) throw new CannotDo('one dead letter at a time; --help shows the usage');
    if (action === 'list' && id === undefined) {
      const limit = wantedItems(options, mostItems);
      const api = await AdminApi.reach(environment);
      const page = await api.list<DeadLetter>(path, { replayed: String(options.replayed ?? false) }, limit);
      show(page, ({ items }) => listed(items, terminal.width));
      if (page.nextCursor !== null) terminal.note('there are more: --limit or --all');
      return 0;
    }
    if (!id || !['show', 'replay'].includes(action)) {
      throw new CannotDo('usage: ops dead-letters [list | show <id> | replay <id>]');
    }
    const api = await AdminApi.reach(environment);
    const one = `${path}/${encodeURIComponent(id)}`;
    if (action === 'show') {
      show(await api.get<DeadLetter>(one), facts);
      return 0;
    }
    const reason = reasonTo('replay', options.reason);
    const letter = await api.get<DeadLetter>(one);
    const which = `dead letter ${id} (${letter.type ?? 'of no type'} about ${letter.subject ?? 'nothing known'}: ${letter.reason})`;
    await confirm(terminal, options.yes, `replay ${which} and what is parked of its subject`);
    const replay = await api.change<Replay>(`${one}/replay`, { reason });
    show(replay, facts);
    return replay.status === 'REPLAYED' ? 0 : 1;
  },
});

function listed(letters: readonly DeadLetter[], width: number | undefined): string {
  const heads = ['dead letter', 'parked', 'service', 'type', 'reason', 'error'];
  const rows = letters.map((letter) => [
    letter.deadLetterId,
    letter.parkedAt,
    letter.service,
    letter.type,
    letter.reason,
    letter.error,
  ]);
  return rows.length > 0 ? table(heads, rows, width) : 'no dead letters';
}
