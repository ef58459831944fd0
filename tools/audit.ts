import { type AuditArguments, readAuditArguments, UnusableArguments, usage } from './audit/arguments.js';
import { audit, type AuditReport } from './audit/audit.js';
import { printed } from './audit/printed.js';
import { watch } from './audit/watch.js';

/** Exit codes: an invariant is violated; nobody could look. */
const violated = 1;
const blind = 2;

/** `npm run audit`: checks the invariants over the rows of a live system, or of one at rest, and changes nothing. */
async function main(): Promise<void> {
  const stop = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => stop.abort());
  try {
    const args = readAuditArguments(process.argv.slice(2), process.env);
    if (args.watch) await keepLooking(args, args.watch, stop.signal);
    else {
      const report = await look(args, stop.signal);
      console.log(told(args, report));
      process.exitCode = report.violations === 0 ? 0 : violated;
    }
  } catch (error) {
    console.error(`could not look: ${reason(error)}`);
    if (error instanceof UnusableArguments) console.error(usage);
    process.exitCode = blind;
  }
}

const look = ({ databaseUrl, atRest = false, rooms = {} }: AuditArguments, signal: AbortSignal) =>
  audit(databaseUrl, { atRest, rooms, signal });

function keepLooking(args: AuditArguments, at: NonNullable<AuditArguments['watch']>, signal: AbortSignal) {
  return watch(
    {
      ...at,
      look: (stopped) => look(args, stopped),
      onReport: (report) => console.log(told(args, report)),
      onFailure: (error) => console.error(`could not look: ${reason(error)}`),
    },
    signal,
  );
}

/** While watching, a report without a violation is one line. */
function told({ json, watch: again }: AuditArguments, report: AuditReport): string {
  if (json) return JSON.stringify(report);
  if (!again || report.violations > 0) return printed(report);
  const rows = report.checks.reduce((sum, check) => sum + check.rows, 0);
  return `${report.at.toISOString()} every invariant holds (${report.checks.length} checks, ${rows} rows)`;
}

/** A refused connection to several addresses has its reasons inside and an empty message of its own. */
function reason(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(reason).join('; ');
  return error instanceof Error ? error.message : String(error);
}

await main();
