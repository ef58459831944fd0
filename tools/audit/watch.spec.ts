import { expect, it } from '@jest/globals';
import type { AuditReport } from './audit.js';
import { watch } from './watch.js';

it('never looks twice at once, however long a look takes, and ends in the middle of one', async () => {
  const report: AuditReport = { at: new Date(), atRest: false, checks: [], violations: 0 };
  const stop = new AbortController();
  let [looking, most, looks] = [0, 0, 0];
  const look = async (signal: AbortSignal): Promise<AuditReport> => {
    looking += 1;
    looks += 1;
    most = Math.max(most, looking);
    // The third is told to stop while it looks.
    if (looks === 3) {
      stop.abort();
      signal.throwIfAborted();
    }
    await new Promise((later) => setTimeout(later, 20));
    looking -= 1;
    return report;
  };
  const failures: unknown[] = [];
  const seen: AuditReport[] = [];
  const options = { seconds: 0.001, host: '127.0.0.1', port: 0, look };
  const told = { onReport: (one: AuditReport) => seen.push(one), onFailure: (one: unknown) => failures.push(one) };
  await watch({ ...options, ...told }, stop.signal);
  expect({ most, looks, reports: seen.length, failures }).toEqual({ most: 1, looks: 3, reports: 2, failures: [] });
});
