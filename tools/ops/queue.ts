import { AdminApi, adminApiHelp, mostItems } from './admin-api.js';
import { CannotDo } from './outcomes.js';
import { facts, table } from './table.js';
import { changing, confirm, defineVerb, listing, reasonTo, wantedItems, wholeNumber } from './verb.js';

const modes = ['OPEN', 'PAUSED', 'DRAIN', 'CLOSED'];

const help = `ops queue show <concert>                                     the waiting room of a concert, and its controls
ops queue set <concert> <what> … --reason "…" [--yes]        changes how it works, from the next join and tick on
ops queue reset <concert> --reason "…" [--yes]               begins anew at number 1: every queue token is void
ops queue ticks <concert> [--limit 20 | --all]               what each tick let in and why, newest first
ops queue funnel <concert>                                   what became of those who joined, by the hour of joining

  --mode OPEN         joins and advances; PAUSED only joins, DRAIN only advances, CLOSED neither
  --batch 1000        most places that a tick lets in
  --tick 5            least seconds between two ticks
  --max-active 500    most passes that run at once; none for no cap
  --instant-below 50  lets joins in at once while nobody waits and fewer passes run; none for never
  --message "…"       shown to everybody in the line; "" for none
  --class presale=20  a share of every batch, in percent, for whoever has its code; again for each: these are all there are
  --code presale=…    the code that lets somebody into the class, or none for nobody new; with --class
  --yes               does it without asking

${adminApiHelp}

Exit code 1: there is no such concert.`;

interface Queue {
  readonly mode: string;
  readonly generation: number;
  readonly waitingCount: number;
  readonly activeCount: number;
}

interface Tick {
  readonly at: string;
  readonly generation: number;
  readonly tickNumber: number;
  readonly admissionClass: string;
  readonly limitedBy: string | null;
  readonly admitted: number;
  readonly passedOver: number;
  readonly waiting: number | null;
  readonly active: number | null;
  readonly activationBatch: number | null;
  readonly maxActive: number | null;
  readonly repeated: number;
}

const settable = {
  mode: { type: 'string' },
  batch: { type: 'string' },
  tick: { type: 'string' },
  'max-active': { type: 'string' },
  'instant-below': { type: 'string' },
  message: { type: 'string' },
  class: { type: 'string', multiple: true },
  code: { type: 'string', multiple: true },
} as const;
type Settable = {
  readonly [Name in keyof typeof settable]?: Name extends 'class' | 'code' ? readonly string[] : string;
};

export const verb = defineVerb({
  summary: 'waiting rooms: what they let in and why; pauses, paces, caps and resets them',
  help,
  options: { ...settable, ...listing, ...changing },
  async run({ words, options, terminal, environment, show }) {
    const [action, concertId, ...more] = words;
    if (!action || !concertId || more.length > 0 || !['show', 'set', 'reset', 'ticks', 'funnel'].includes(action)) {
      throw new CannotDo('usage: ops queue show | set | reset | ticks | funnel <concert>');
    }
    const path = `/v1/admin/concerts/${encodeURIComponent(concertId)}/queue`;
    if (action === 'ticks') {
      const limit = wantedItems(options, mostItems);
      const api = await AdminApi.reach(environment);
      const page = await api.list<Tick>(`${path}/ticks`, {}, limit);
      show(page, ({ items }) => listed(items, terminal.width));
      if (page.nextCursor !== null) terminal.note('there are more: --limit or --all');
      return 0;
    }
    if (action === 'funnel') {
      const api = await AdminApi.reach(environment);
      const funnel = await api.get<{ items: readonly Record<string, string | number | null>[] }>(`${path}/funnel`);
      show(funnel, ({ items }) => hourly(items, terminal.width));
      return 0;
    }
    const changes = action === 'set' ? changesOf(options) : {};
    const reason = action === 'show' ? '' : reasonTo(action, options.reason);
    const api = await AdminApi.reach(environment);
    const queue = await api.get<Queue>(path);
    if (action === 'show') {
      show(queue, facts);
      return 0;
    }
    const which = `the queue of concert ${concertId} (${queue.mode}, ${queue.waitingCount} waiting, ${queue.activeCount} active)`;
    if (action === 'reset') {
      await confirm(terminal, options.yes, `void every token of generation ${queue.generation} and reset ${which}`);
      show(await api.change<Queue>(`${path}/reset`, { reason }), facts);
      return 0;
    }
    await confirm(terminal, options.yes, `set ${JSON.stringify(changes)} in ${which}`);
    show(await api.change<Queue>(path, { ...changes, reason }, 'PATCH'), facts);
    return 0;
  },
});

function changesOf({
  mode,
  batch,
  tick,
  message,
  class: shares,
  code: codes,
  ...some
}: Settable): Record<string, unknown> {
  if (mode !== undefined && !modes.includes(mode)) throw new CannotDo(`--mode must be one of ${modes.join(', ')}`);
  const changes = {
    ...(mode !== undefined && { mode }),
    ...(batch !== undefined && { activationBatch: wholeNumber('batch', batch, 1, 100_000) }),
    ...(tick !== undefined && { tickSeconds: wholeNumber('tick', tick, 1, 3_600) }),
    ...passes('maxActive', 'max-active', some),
    ...passes('instantBelow', 'instant-below', some),
    ...(message !== undefined && { message: message || null }),
    ...((shares ?? codes) && { classes: classesOf(shares ?? [], codes ?? []) }),
  };
  if (Object.keys(changes).length === 0) throw new CannotDo('nothing to set; --help shows what can be');
  return changes;
}

/** `presale=20` and `presale=FANCLUB` as one class. */
function classesOf(shares: readonly string[], codes: readonly string[]): Record<string, unknown>[] {
  const named = (option: string, given: readonly string[]) =>
    given.map((text) => {
      const [, name, value] = /^([^=]+)=(.+)$/.exec(text) ?? [];
      if (!name || !value) throw new CannotDo(`--${option} takes <class>=<value>`);
      return [name, value] as const;
    });
  const codeOf = new Map(named('code', codes));
  const classes = named('class', shares).map(([name, share]) => {
    const code = codeOf.get(name);
    codeOf.delete(name);
    const coded = code !== undefined && { code: code === 'none' ? null : code };
    return { name, share: wholeNumber('class', share, 0, 100), ...coded };
  });
  const [unknown] = codeOf.keys();
  if (unknown !== undefined) throw new CannotDo(`--code ${unknown}=… needs --class ${unknown}=<share>`);
  return classes;
}

function hourly(hours: readonly Record<string, string | number | null>[], width: number | undefined): string {
  const [first] = hours;
  if (!first) return 'nobody has joined';
  return table(
    Object.keys(first),
    hours.map((hour) => Object.values(hour)),
    width,
  );
}

/** A number of passes, or none. */
function passes(name: string, option: 'max-active' | 'instant-below', { [option]: wanted }: Settable) {
  if (wanted === undefined) return {};
  return { [name]: wanted === 'none' ? null : wholeNumber(option, wanted, 1, 10_000_000) };
}

function listed(ticks: readonly Tick[], width: number | undefined): string {
  const heads = [
    'at',
    'tick',
    'class',
    'admitted',
    'limited by',
    'waiting',
    'active',
    'batch',
    'cap',
    'passed over',
    'again',
  ];
  const rows = ticks.map((tick) => [
    tick.at,
    `${tick.generation}/${tick.tickNumber}`,
    tick.admissionClass,
    tick.admitted,
    tick.limitedBy,
    tick.waiting,
    tick.active,
    tick.activationBatch,
    tick.maxActive,
    tick.passedOver,
    tick.repeated,
  ]);
  return rows.length > 0 ? table(heads, rows, width) : 'no ticks';
}
