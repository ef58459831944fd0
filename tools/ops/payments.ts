import { AdminApi, adminApiHelp, mostItems } from './admin-api.js';
import { CannotDo } from './outcomes.js';
import { facts, table } from './table.js';
import { changing, confirm, defineVerb, listing, reasonTo, wantedItems } from './verb.js';

const statuses = ['STUCK', 'PROCESSING', 'COMPLETED', 'REJECTED', 'COMPENSATED'];

const help = `ops payments [list] [--status STUCK] [--limit 20 | --all]   payments, newest first
ops payments show <id>                                      one of them, with its timeline
ops payments retry <id> --reason "…" [--yes]                asks again what a STUCK one awaits
ops payments compensate <id> --reason "…" [--yes]           turns a STUCK one back: the money is given back

  --status  one of ${statuses.join(', ')}
  --yes     does it without asking

${adminApiHelp}

Exit code 1: there is no such payment, or it does not wait for an operator.`;

interface Payment {
  readonly paymentId: string;
  readonly reservationId: string;
  readonly userId: string;
  readonly status: string;
  readonly state: string;
  readonly stuckReason: string | null;
  readonly attempts: number;
  readonly createdAt: string;
  readonly amount: number;
  readonly currency: string;
  readonly timeline: readonly { readonly at: string; readonly state: string; readonly event: string }[];
}

const path = '/v1/admin/payments';

export const verb = defineVerb({
  summary: 'payments and their timelines; decides those that are STUCK',
  help,
  options: { status: { type: 'string' }, ...listing, ...changing },
  async run({ words, options, terminal, environment, show }) {
    const [action = 'list', id, ...more] = words;
    if (more.length > 0) throw new CannotDo('one payment at a time; --help shows the usage');
    if (action === 'list' && id === undefined) {
      if (options.status !== undefined && !statuses.includes(options.status)) {
        throw new CannotDo(`--status must be one of ${statuses.join(', ')}`);
      }
      const limit = wantedItems(options, mostItems);
      const api = await AdminApi.reach(environment);
      const page = await api.list<Payment>(path, options.status ? { status: options.status } : {}, limit);
      show(page, ({ items }) => listed(items, terminal.width));
      if (page.nextCursor !== null) terminal.note('there are more: --limit or --all');
      return 0;
    }
    if (!id || !['show', 'retry', 'compensate'].includes(action)) {
      throw new CannotDo('usage: ops payments [list | show <id> | retry <id> | compensate <id>]');
    }
    const api = await AdminApi.reach(environment);
    const one = `${path}/${encodeURIComponent(id)}`;
    if (action === 'show') {
      show(await api.get<Payment>(one), (payment) => shown(payment, terminal.width));
      return 0;
    }
    const reason = reasonTo(action, options.reason);
    const { status, amount, currency, userId, stuckReason } = await api.get<Payment>(one);
    const which = `payment ${id} (${status}, ${amount} ${currency} of ${userId}${stuckReason ? `: ${stuckReason}` : ''})`;
    await confirm(terminal, options.yes, `${action} ${which}`);
    const after = await api.change<Payment>(`${one}/${action}`, { reason });
    show(after, (payment) => shown(payment, terminal.width));
    return after.status === 'STUCK' ? 1 : 0;
  },
});

function listed(payments: readonly Payment[], width: number | undefined): string {
  const heads = ['payment', 'created', 'status', 'state', 'amount', 'user', 'why it is stuck'];
  const rows = payments.map((payment) => [
    payment.paymentId,
    payment.createdAt,
    payment.status,
    payment.state,
    payment.amount,
    payment.userId,
    payment.stuckReason,
  ]);
  return rows.length > 0 ? table(heads, rows, width) : 'no payments';
}

function shown({ timeline, ...payment }: Payment, width: number | undefined): string {
  const steps = timeline.map(({ at, state, event }) => [at, event, state]);
  return `${facts(payment)}\n\n${table(['at', 'event', 'state'], steps, width)}`;
}
