import { expect, it } from '@jest/globals';
import { freePort } from './ports.js';

it('gives no port twice, however many are asked for at once, and all of the lane of this worker', async () => {
  const ports = await Promise.all(Array.from({ length: 2_000 }, () => freePort()));
  expect(new Set(ports).size).toBe(2_000);
  expect(new Set(ports.map((port) => port % 4))).toEqual(new Set([Number(process.env.JEST_WORKER_ID) % 4]));
  for (const port of ports) expect(port >= 15_000 && port < 32_000).toBe(true);
});
