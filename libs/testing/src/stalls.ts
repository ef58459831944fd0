const tickMs = 50;
/** A tick that is late by less is the event loop's ordinary work. */
const noticedMs = 200;
/** Stalls that lie further back concern nobody any more. */
const keptMs = 10 * 60_000;

let stalls: { readonly from: number; readonly to: number }[] = [];
let lastTick = performance.now();

setInterval(() => {
  const now = performance.now();
  if (now - lastTick > tickMs + noticedMs) {
    stalls = [...stalls.filter(({ to }) => now - to < keptMs), { from: lastTick + tickMs, to: now }];
  }
  lastTick = now;
}, tickMs).unref();

/**
 * For how much of the time from one moment of the monotonic clock to another this process stood still, ms, as far as it can
 * tell. On a machine that stalls everything takes longer, which says nothing about the system under test.
 */
export function stalledBetween(from: number, to: number): number {
  return stalls.reduce((sum, stall) => sum + Math.max(0, Math.min(stall.to, to) - Math.max(stall.from, from)), 0);
}
