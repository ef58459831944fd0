import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { aRoom, noon } from '../../test/admission-builders.js';
import { Room } from './room.js';

const { snapshot } = aRoom();

/** The room after a snapshot that was taken `taken` ms after noon and came here `late` ms later. */
const told = (taken: number, late: number, before?: Room) =>
  new Room({ ...snapshot, at: new Date(noon + taken).toISOString() }, taken + late, before);

describe('the time of a room', () => {
  it('never goes back, however late each snapshot comes, and is never ahead of the database', () => {
    const lateness = fc.array(fc.integer({ min: 0, max: 900 }), { minLength: 1, maxLength: 30 });
    fc.assert(
      fc.property(lateness, (late) => {
        let room: Room | undefined;
        let last = -Infinity;
        late.forEach((ms, index) => {
          const taken = index * 1_000;
          const came = taken + ms;
          if (room) expect(room.now(came)).toBeGreaterThanOrEqual(last);
          last = room?.now(came) ?? last;
          room = told(taken, ms, room);
          expect(room.now(came)).toBeGreaterThanOrEqual(last);
          expect(room.now(came)).toBeLessThanOrEqual(noon + came);
          last = room.now(came);
        });
      }),
    );
  });

  it('is that of the least late snapshot', () => {
    const room = told(10_000, 400, told(5_000, 3));
    expect(noon + 10_400 - room.now(10_400)).toBeLessThanOrEqual(3 + 6);
  });

  it('follows the database when its clock is set back', () => {
    const before = told(100_000, 0);
    const room = new Room({ ...snapshot, at: new Date(noon).toISOString() }, 101_000, before);
    expect(room.now(101_000)).toBe(noon);
  });
});
