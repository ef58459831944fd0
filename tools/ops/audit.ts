import { audit } from '../audit/audit.js';
import { readAuditArguments } from '../audit/arguments.js';
import { printed } from '../audit/printed.js';
import { CannotDo, reasonOf } from './outcomes.js';
import { defineVerb } from './verb.js';

const help = `ops audit [--at-rest]

Checks every invariant over the rows of all services, as they are at one instant, and changes nothing.

  --at-rest  nothing is under way: what may be so only for a while is a violation too

  AUDIT_DATABASE_URL       default: the database of npm start, by the role auditor
  QUEUE_ACTIVATION_BATCH   those of the queue service; default as there
  QUEUE_TICK_MS

Exit code 1: an invariant is violated.`;

export const verb = defineVerb({
  summary: 'checks every invariant over the rows of all services',
  help,
  options: { 'at-rest': { type: 'boolean' } },
  async run({ words, options, environment, show }) {
    if (words.length > 0) throw new CannotDo('usage: ops audit [--at-rest]');
    try {
      const { databaseUrl, rooms = {} } = readAuditArguments([], environment);
      const report = await audit(databaseUrl, { atRest: options['at-rest'] ?? false, rooms });
      show(report, printed);
      return report.violations === 0 ? 0 : 1;
    } catch (error) {
      throw new CannotDo(`could not look: ${reasonOf(error)}`);
    }
  },
});
