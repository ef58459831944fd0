// Preloaded into every process of a system under test by `node --import`. It listens to the moments that libs/messaging
// announces on diagnostics channels, and hurts its process at the nth one after a test has armed it. The process itself
// carries nothing for tests.
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Fault, Fired } from './faults.js';

interface Details {
  readonly state?: string;
  readonly transaction?: { query: (...given: unknown[]) => Promise<unknown> };
}

const hurt: Record<Fault['how'], (details: Details) => void> = {
  /** As by a power cut: nothing of the process runs any more. */
  kill: () => process.kill(process.pid, 'SIGKILL'),
  /** As by a host that stalls: whoever sent it to sleep wakes it. */
  pause: () => process.kill(process.pid, 'SIGSTOP'),
  /** A bug where nobody catches it: Node ends the process with an uncaught exception. */
  throw: () => {
    throw new Error('a fault that a test has armed');
  },
  /** The database gives up on the open transaction at its next statement, as it does to a deadlock's victim. */
  abort: ({ transaction }) => {
    if (!transaction) throw new Error('this moment is outside any transaction');
    const refused = Object.assign(new Error('could not serialize access, says a test'), { code: '40001' });
    transaction.query = () => Promise.reject(refused);
  },
};

process.on('message', (message: { readonly arm?: Fault }) => {
  if (message.arm) arm(message.arm);
});
// What this process ends by stays what it was without us.
process.channel?.unref();

function arm(fault: Fault): void {
  const name = `concert-reservation.${fault.moment}`;
  let occurrence = 0;
  const onMoment = (details: unknown) => {
    if (fault.state !== undefined && (details as Details).state !== fault.state) return;
    occurrence += 1;
    if (occurrence < fault.nth) return;
    unsubscribe(name, onMoment);
    if (isFirst(fault.id, { pid: process.pid, occurrence, at: Date.now() })) hurt[fault.how](details as Details);
  };
  subscribe(name, onMoment);
}

/** Several replicas were armed; the file is there once, so that one of them is hurt. */
function isFirst(id: string, fired: Fired): boolean {
  try {
    writeFileSync(join(process.env.FAULT_FOLDER!, id), JSON.stringify(fired), { flag: 'wx' });
    return true;
  } catch {
    return false;
  }
}
