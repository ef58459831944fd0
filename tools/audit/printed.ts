import type { AuditReport, CheckReport } from './audit.js';

/** The report for people: a line for each check, and below it what violates it. */
export function printed({ at, atRest, checks, violations }: AuditReport): string {
  const width = Math.max(...checks.map(({ name }) => name.length));
  const rowsWidth = Math.max(...checks.map(({ rows }) => String(rows).length));
  const lines = checks.flatMap((check) => [
    `${check.id.padEnd(4)} ${check.name.padEnd(width)}  ${String(check.rows).padStart(rowsWidth)} rows  ${verdict(check)}`,
    ...check.listed.map(({ what, which }) => `       ${what}: ${which}`),
    ...(check.violations > check.listed.length ? [`       and ${check.violations - check.listed.length} more`] : []),
  ]);
  return [`audit ${atRest ? 'of a system at rest' : 'of a live system'}, as it was at ${at.toISOString()}`, ...lines]
    .concat(violations === 0 ? 'every invariant holds' : inWords(violations))
    .join('\n');
}

const verdict = ({ violations }: CheckReport) => (violations === 0 ? 'holds' : inWords(violations));

const inWords = (violations: number) => `${violations} ${violations === 1 ? 'violation' : 'violations'}`;
