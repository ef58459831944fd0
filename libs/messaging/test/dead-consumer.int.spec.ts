import { groupOf, topics } from '#contracts';
import { eventually, type ServiceProcess, startSystem, type System } from '#testing';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { KafkaClient } from '../src/kafka/kafka.js';
import { fixedPartitions } from '../src/kafka/reader.js';

let system: System;
let walletProcess: ServiceProcess;

beforeAll(async () => {
  system = await startSystem({ only: ['wallet'] });
  [walletProcess] = system.processes.wallet as [ServiceProcess];
});

afterAll(() => system.stop());

it('a process whose consumer cannot come back is not live, and exits for a fresh one to be started', async () => {
  // While it is paused, somebody joins its group who shares it by other rules: the broker then refuses it for good.
  await walletProcess.kill('SIGSTOP');
  const stranger = await aStranger();
  await walletProcess.kill('SIGCONT');
  await eventually(() => !walletProcess.isRunning, { within: 60_000 });
  expect(walletProcess.output.text()).toContain('not live');
  expect(walletProcess.output.text()).toContain('crashed');

  await stranger.leave();
  await walletProcess.restart();
  expect(walletProcess.isRunning).toBe(true);
});

/** A member of the wallet's group under an assigner that nobody else knows. */
async function aStranger(): Promise<{ leave(): Promise<void> }> {
  const kafka = new KafkaClient({ ...system.kafka, sessionMs: 10_000, clientId: 'stranger' });
  const topic = kafka.wireName(topics.walletCommands.name);
  return eventually(
    async () => {
      const consumer = kafka.consumer(groupOf(topics.walletCommands, 'wallet'), fixedPartitions(topic, [0]));
      const { GROUP_JOIN, CRASH } = consumer.events;
      const joined = new Promise<boolean>((resolve) => {
        consumer.on(GROUP_JOIN, () => resolve(true));
        consumer.on(CRASH, () => resolve(false));
      });
      await consumer.connect();
      await consumer.subscribe({ topic });
      await consumer.run({ autoCommit: false, eachMessage: () => Promise.resolve() });
      // As long as the paused member counts as alive it is the stranger who is refused.
      return (await joined) && { leave: () => consumer.disconnect() };
    },
    { within: 30_000, every: 500 },
  );
}
