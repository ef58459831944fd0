import { describe, expect, it } from '@jest/globals';
import {
  aDeadPlace,
  aLineWith,
  anActivePlace,
  anId,
  aPlace,
  noon,
  referenceOf,
  rules,
  secondsAfter,
} from '../../test/line.builders.js';
import type { Place } from './place.js';
import { leave, renew, spend } from './visit.js';

describe('renewing a lease', () => {
  const renewed = (place: Place, until: Date, room = {}) => {
    const line = aLineWith([place], { room });
    renew(line, referenceOf(place), until, rules);
    return { lease: place.leaseUntil, saved: line.changed.has(place), visible: line.visibleChange };
  };

  it('raises it, which nobody sees', () => {
    const lease = secondsAfter(noon, 905);
    expect(renewed(aPlace(1), lease)).toEqual({ lease, saved: true, visible: false });
  });

  it('never lowers it', () => {
    const lease = aPlace(1).leaseUntil;
    expect(renewed(aPlace(1), secondsAfter(noon, 300))).toEqual({ lease, saved: false, visible: false });
  });

  it('takes a gateway whose clock is far ahead ten seconds past a lease that begins now', () => {
    expect(renewed(aPlace(1), secondsAfter(noon, 86_400)).lease).toEqual(secondsAfter(noon, 910));
  });

  it.each([
    ['a place whose lease has passed', aDeadPlace(1)],
    ['a pass', anActivePlace(1)],
    ['a place that left', aPlace(1, { status: 'LEFT' })],
  ])('does nothing for %s', (_, place) => {
    const lease = place.leaseUntil;
    expect(renewed(place, secondsAfter(noon, 905))).toEqual({ lease, saved: false, visible: false });
  });

  it('reaches a place that passed its lease during an outage', () => {
    const outage = { outageFrom: secondsAfter(noon, -60), judgedAfter: secondsAfter(noon, 600) };
    expect(renewed(aDeadPlace(1), secondsAfter(noon, 900), outage).lease).toEqual(secondsAfter(noon, 900));
  });

  it('does nothing for another generation or token of the same name', () => {
    const place = aPlace(1);
    const line = aLineWith([place]);
    const reference = referenceOf(place);
    const until = secondsAfter(noon, 905);
    for (const other of [{ generation: 2 }, { tokenId: anId(99) }]) {
      renew(line, { ...reference, ...other }, until, rules);
    }
    expect(line.changed.size).toBe(0);
  });

  it('reaches a place by its token, whatever number was drawn since', () => {
    const place = aPlace(4, { registration: 2 });
    const line = aLineWith([place]);
    renew(line, { ...referenceOf(place), queueNumber: -2 }, secondsAfter(noon, 905), rules);
    expect(place.leaseUntil).toEqual(secondsAfter(noon, 905));
  });
});

describe('leaving', () => {
  it.each([
    ['a waiting place', aPlace(1)],
    ['a pass', anActivePlace(1)],
  ])('gives %s up at once', (_, place) => {
    const line = aLineWith([place]);
    leave(line, referenceOf(place));
    expect(place).toMatchObject({ status: 'LEFT', finishedAt: noon });
    expect(line.placeOf('u1')).toBeUndefined();
    expect(line.visibleChange).toBe(true);
  });

  it.each([
    ['a dead place', aDeadPlace(1)],
    ['a spent one', anActivePlace(1, { status: 'SPENT' })],
    ['one of an older generation', aPlace(1, { generation: 0 })],
  ])('leaves %s as it is', (_, place) => {
    const line = aLineWith([place]);
    const before = { ...place };
    leave(line, referenceOf(place));
    expect(place).toEqual(before);
    expect(line.visibleChange).toBe(false);
  });
});

describe('spending', () => {
  it.each([
    ['a pass', anActivePlace(1), 0],
    ['a pass that has ended', anActivePlace(1), 700],
    ['a pass that had to make room for a new place', anActivePlace(1, { status: 'EXPIRED' }), 700],
    ['a waiting place', aPlace(1), 0],
  ])('spends %s', (_, place, seconds) => {
    const now = secondsAfter(noon, seconds);
    const line = aLineWith([place], { now });
    spend(line, referenceOf(place));
    expect(place).toMatchObject({ status: 'SPENT', finishedAt: now });
    expect(line.visibleChange).toBe(true);
  });

  it.each([
    ['spent twice', anActivePlace(1, { status: 'SPENT' })],
    ['left', anActivePlace(1, { status: 'LEFT' })],
    ['passed over', aPlace(1, { status: 'EXPIRED' })],
  ])('acknowledges a place that was %s without a change', (_, place) => {
    const line = aLineWith([place]);
    spend(line, referenceOf(place));
    expect(line.changed.size).toBe(0);
  });

  it('frees a running pass for the cap, and not one that has ended', () => {
    const running = aLineWith([anActivePlace(1)]);
    spend(running, referenceOf(aPlace(1)));
    expect(running.activeChange).toBe(-1);
    const ended = aLineWith([anActivePlace(1)], { now: secondsAfter(noon, 600) });
    spend(ended, referenceOf(aPlace(1)));
    expect(ended.activeChange).toBe(0);
  });
});
