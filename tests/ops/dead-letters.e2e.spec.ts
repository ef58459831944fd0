import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  aConcertWith,
  aHeldReservation,
  type AReservation,
  expectStatus,
  postUntilDecided,
  startSystem,
  type System,
} from '#testing';
import { randomUUID } from 'node:crypto';
import { plantFault } from '../faults/planted-fault.js';
import { answered, expectRefusal, opsOf } from './command-line.js';

describe("the operator's dead letters", () => {
  let system: System;
  let ops: ReturnType<typeof opsOf>;
  let held: AReservation;
  let mend: () => Promise<void>;
  /** The command that no handler can handle, and the one parked behind it. */
  let [first, behind] = ['', ''];

  beforeAll(async () => {
    system = await startSystem();
    ops = opsOf(system);
    held = await aHeldReservation(system, await aConcertWith(system, { seats: 1 }));
    const { reservationId, fan } = held;
    mend = await plantFault(
      system,
      'reservation',
      `old.reservation_id = '${reservationId}' and new.status = 'CANCELLED'`,
    );
    for (const action of ['cancel', 'payment']) {
      await postUntilDecided(fan.api, `/v1/reservations/${reservationId}/${action}`, undefined, 500);
    }
  }, 120_000);
  afterAll(() => system.stop());

  const listed = async (...options: string[]) => answered(await ops(['dead-letters', '--json', ...options])).items;
  const replay = (id: string, ...options: string[]) =>
    ops(['dead-letters', 'replay', id, '--reason', 'the trigger is gone', ...options]);
  const statusOfReservation = async () => {
    const answer = await held.fan.api.get(`/v1/reservations/${held.reservationId}`);
    return expectStatus<{ status: string }>(answer, 200).status;
  };

  it('are listed newest first, a page or all of them', async () => {
    const items = await listed();
    expect(items).toMatchObject([
      { service: 'reservation', reason: 'behind', type: 'reservation.StartPayment.v1', subject: held.reservationId },
      {
        service: 'reservation',
        reason: 'fault',
        type: 'reservation.CancelReservation.v1',
        subject: held.reservationId,
      },
    ]);
    [behind, first] = items.map(({ deadLetterId }: { deadLetterId: string }) => deadLetterId);
    const page = await ops(['dead-letters', 'list', '--limit', '1']);
    expect(page).toMatchObject({ code: 0, stderr: 'there are more: --limit or --all\n' });
    const all = await ops(['dead-letters', '--all']);
    expect(all).toMatchObject({ code: 0, stderr: '' });
    const [heads, ...lines] = all.stdout.trimEnd().split('\n');
    expect(heads).toMatch(/^dead letter +parked +service +type +reason +error$/);
    expect(lines.map((line) => line.split(' ')[0])).toEqual([behind, first]);
    expect((await ops(['dead-letters', '--replayed'])).stdout).toBe('no dead letters\n');
  });

  it('are shown one by one, with message and error', async () => {
    const letter = answered(await ops(['dead-letters', 'show', first, '--json']));
    expect(letter).toMatchObject({ deadLetterId: first, headers: { ce_subject: held.reservationId } });
    expect(JSON.parse(letter.payload.text)).toMatchObject({ reservationId: held.reservationId });
    const { code, stdout } = await ops(['dead-letters', 'show', first]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^error +.*a planted fault/m);
    expectRefusal(await ops(['dead-letters', 'show', randomUUID()]), 1, /^DEAD_LETTER_NOT_FOUND: /);
  });

  it('are not replayed without --yes, a reason, or the role', async () => {
    expectRefusal(
      await replay(first),
      2,
      new RegExp(`^this would replay dead letter ${first} .*say --yes to do it$`, 'm'),
    );
    expectRefusal(await ops(['dead-letters', 'replay', first, '--yes']), 2, /^--reason is missing/);
    const token = held.fan.api.headers.authorization!.slice(7);
    const said = await ops(['dead-letters', 'replay', first, '--reason', 'mine', '--yes'], { OPS_TOKEN: token });
    expectRefusal(said, 2, /^FORBIDDEN: /);
    expectRefusal(await replay(randomUUID(), '--yes'), 1, /^DEAD_LETTER_NOT_FOUND: /);
    expect(await listed()).toHaveLength(2);
  });

  it('stay where they are when they are replayed before the mend, and the exit code says so', async () => {
    const said = await replay(first, '--yes', '--json');
    expect(said).toMatchObject({ code: 1, stderr: '' });
    const parked = { deadLetterId: first, status: 'PARKED', replayed: 0, remaining: 2, error: 'a planted fault' };
    expect(JSON.parse(said.stdout)).toEqual(parked);
    expect(await statusOfReservation()).toBe('WAITING');
    expect(await listed()).toHaveLength(2);
  });

  it('are handled after the mend, with what is parked behind them, and once', async () => {
    await mend();
    const { code, stdout } = await replay(first, '--yes');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^status +REPLAYED$/m);
    expect(stdout).toMatch(/^replayed +2$/m);
    expect(await statusOfReservation()).toBe('CANCELLED');
    expect(await listed()).toEqual([]);
    const replayed = await listed('--replayed');
    expect(replayed.map(({ deadLetterId }: { deadLetterId: string }) => deadLetterId).sort()).toEqual(
      [first, behind].sort(),
    );
    expect(answered(await replay(first, '--yes', '--json'))).toMatchObject({ status: 'REPLAYED', replayed: 0 });
  });
});
