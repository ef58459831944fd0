import { SetupProblem } from '#embedded';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Supervised, type Running } from './supervised.js';

/** A process that ends when the test says so. */
class FakeProcess implements Running {
  private end: (how: string) => void = () => {};
  readonly exited = new Promise<string>((resolve) => (this.end = resolve));
  stopped = false;

  constructor(readonly pid: number) {}

  die(how: string): void {
    this.end(how);
  }

  stop(): Promise<void> {
    this.stopped = true;
    this.die('stopped');
    return Promise.resolve();
  }
}

describe('a supervised process', () => {
  let reports: string[];
  let started: FakeProcess[];
  let failing: boolean;
  let supervised: Supervised;

  beforeEach(() => {
    jest.useFakeTimers({ doNotFake: ['performance'] });
    reports = [];
    started = [];
    failing = false;
    supervised = new Supervised('wallet-1', startOne, (line) => reports.push(line));
  });

  afterEach(async () => {
    await supervised.stop();
    jest.useRealTimers();
  });

  function startOne(): Promise<Running> {
    if (failing) return Promise.reject(new Error('wallet-1 stopped while starting'));
    const process = new FakeProcess(started.length + 1);
    started.push(process);
    return Promise.resolve(process);
  }

  const settle = (ms = 0) => jest.advanceTimersByTimeAsync(ms);

  it('is started again when it ends early, as often as it was granted', async () => {
    failing = true;
    await expect(supervised.start(3)).rejects.toThrow('stopped while starting');
    expect(reports).toHaveLength(2);
  });

  it('is not started again when its settings are wrong', async () => {
    supervised = new Supervised(
      'wallet-1',
      () => Promise.reject(new SetupProblem('PORT')),
      (line) => reports.push(line),
    );
    await expect(supervised.start(3)).rejects.toThrow('PORT');
    expect(reports).toEqual([]);
  });

  it('is reported and started again when it dies', async () => {
    await supervised.start();
    started[0]?.die('SIGKILL');
    await settle();
    expect(reports).toEqual(['wallet-1 (process 1) died: SIGKILL; starting it again in 0.5 s']);
    await settle(500);
    expect(started).toHaveLength(2);
    expect(reports.at(-1)).toBe('wallet-1 is back (process 2)');
  });

  it('waits twice as long each time, up to 30 s', async () => {
    await supervised.start();
    for (const seconds of [0.5, 1, 2, 4, 8, 16, 30, 30]) {
      started.at(-1)?.die('exit code 1');
      await settle();
      expect(reports.at(-1)).toContain(`starting it again in ${seconds} s`);
      const before = started.length;
      await settle(seconds * 1000 - 1);
      expect(started).toHaveLength(before);
      await settle(1);
      expect(started).toHaveLength(before + 1);
    }
  });

  it('is tried again when it does not come up', async () => {
    await supervised.start();
    failing = true;
    started[0]?.die('exit code 1');
    await settle(500);
    expect(reports.at(-1)).toBe('wallet-1 stopped while starting; next try in 1 s');
    failing = false;
    await settle(1000);
    expect(reports.at(-1)).toBe('wallet-1 is back (process 2)');
  });

  it('is not tried again when its first start fails', async () => {
    failing = true;
    await expect(supervised.start()).rejects.toThrow('stopped while starting');
    await settle(60_000);
    expect(reports).toEqual([]);
  });

  it('stays down once it is stopped', async () => {
    await supervised.start();
    await supervised.stop();
    await settle(60_000);
    expect(started).toHaveLength(1);
    expect(started[0]?.stopped).toBe(true);
    expect(reports).toEqual([]);
  });

  it('stays down when it is stopped while it waits for its next try', async () => {
    await supervised.start();
    started[0]?.die('SIGKILL');
    await settle(100);
    await supervised.stop();
    await settle(60_000);
    expect(started).toHaveLength(1);
  });
});
