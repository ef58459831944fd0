// Preloaded into a wallet process by `node --import`: the process dies, as by running out of memory, while it handles a
// message of the user that DIE_ON_USER names. The process itself carries nothing for tests.
import pg from 'pg';

const deadly = process.env.DIE_ON_USER;
const query = pg.Client.prototype.query as (...given: unknown[]) => unknown;

pg.Client.prototype.query = function (this: pg.Client, ...given: unknown[]): unknown {
  const { text = '', values = [] } = (given[0] ?? {}) as { text?: string; values?: unknown[] };
  if (text.includes('from wallet where user_id') && values.flat().includes(deadly))
    process.kill(process.pid, 'SIGKILL');
  return query.apply(this, given);
} as typeof pg.Client.prototype.query;
