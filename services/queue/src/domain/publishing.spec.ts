import { describe, expect, it } from '@jest/globals';
import { aLineWith, noon, secondsAfter } from '../../test/line.builders.js';
import { show, showHeldBack, spacingMs } from './publishing.js';
import type { WaitingRoom } from './waiting-room.js';

const farTick = { nextTickAt: secondsAfter(noon, 3) };
const shownAgo = (ms: number, room: Partial<WaitingRoom> = {}) =>
  aLineWith([], { room: { version: 7, snapshotAt: secondsAfter(noon, -ms / 1_000), ...farTick, ...room } });
const changed = (ms: number, room: Partial<WaitingRoom> = {}, ticked = false) =>
  Object.assign(shownAgo(ms, room), { visibleChange: true, ticked });

describe('showing a change', () => {
  it('sends a snapshot with the next version', () => {
    const line = changed(500, { snapshotDue: true });
    expect(show(line)).toBe(true);
    expect(line.room).toMatchObject({ version: 8, snapshotAt: noon, snapshotDue: false });
  });

  it('holds it back for half a second after the last', () => {
    const line = changed(499);
    expect(show(line)).toBe(false);
    expect(line.room).toMatchObject({ version: 7, snapshotDue: true });
  });

  it('sends nothing when nothing visible has changed', () => {
    const line = shownAgo(60_000);
    expect(show(line)).toBe(false);
    expect(line.room).toMatchObject({ version: 7, snapshotDue: false });
  });

  it('waits for a tick that is due within half a second, so that the tick is shown at once', () => {
    expect(show(changed(2_000, { nextTickAt: secondsAfter(noon, 0.4) }))).toBe(false);
    expect(show(changed(2_000, { nextTickAt: secondsAfter(noon, -0.4) }))).toBe(false);
    expect(show(changed(2_000, { nextTickAt: secondsAfter(noon, -0.5) }))).toBe(true);
    expect(show(changed(2_000, { nextTickAt: secondsAfter(noon, 0.4) }, true))).toBe(true);
  });

  it('shows a long line more rarely, but its ticks as soon as any', () => {
    const long = { lastNumber: 350_000, servingNumber: 50_000 };
    expect(show(changed(1_999, long))).toBe(false);
    expect(show(changed(2_000, long))).toBe(true);
    expect(show(changed(500, long, true))).toBe(true);
    expect(spacingMs(shownAgo(0, { lastNumber: 9_000_000 }).room)).toBe(5_000);
    expect(spacingMs(shownAgo(0, { registered: 250_000 }).room)).toBe(1_500);
  });
});

describe('a snapshot that was held back', () => {
  it('is sent when its time has come', () => {
    expect(showHeldBack(shownAgo(500))).toBe(true);
  });

  it('is not sent when another went out since', () => {
    const line = shownAgo(200);
    expect(showHeldBack(line)).toBe(false);
    expect(line.room).toMatchObject({ version: 7, snapshotDue: false });
  });
});
