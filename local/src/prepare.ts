import { prepareDatabase } from './prepare/database.js';
import { prepareTopics } from './prepare/topics.js';

/**
 * Makes what the processes need before they start, and changes nothing where it is there already:
 *
 *   DATABASE_ADMIN_URL  roles, schemas and tables in this URL's database (the URL's user may create roles)
 *   KAFKA_BROKERS       topics, each name after KAFKA_PREFIX
 *   <ROLE>_DB_PASSWORD  a role's password, AUDITOR's included; default the role's name
 *
 *   node dist/local/src/prepare.js [database|topics]     default: both
 */
const [part] = process.argv.slice(2);
const needed =
  part === 'database'
    ? ['DATABASE_ADMIN_URL']
    : part === 'topics'
      ? ['KAFKA_BROKERS']
      : ['DATABASE_ADMIN_URL', 'KAFKA_BROKERS'];
const missing = needed.filter((name) => !process.env[name]);
if ((part && part !== 'database' && part !== 'topics') || missing.length > 0) {
  process.stderr.write(
    missing.length > 0 ? `${missing.join(', ')} must be set\n` : 'usage: prepare.js [database|topics]\n',
  );
  process.exit(1);
}

const { DATABASE_ADMIN_URL = '', KAFKA_BROKERS = '', KAFKA_PREFIX = '' } = process.env;
try {
  await Promise.all([
    part !== 'topics' && prepareDatabase(DATABASE_ADMIN_URL),
    part !== 'database' && prepareTopics(KAFKA_BROKERS.split(','), KAFKA_PREFIX),
  ]);
  // The work is done, and a client that keeps a connection open would keep the process.
  process.exit(0);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
}
