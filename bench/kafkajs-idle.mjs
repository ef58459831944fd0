/**
 * What an idle Kafka client costs: one process with two consumers and a producer on an embedded broker, nothing sent.
 * Prints the CPU of the client and of the broker in percent of one core, once with kafkajs as published and once with
 * the kept patch (`patches/`), for each wait time.
 *
 *   npm run build && node bench/kafkajs-idle.mjs [seconds=20] [waitMs,waitMs...=500,1000,5000]
 */
import { execFileSync, fork } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

if (process.send) await client(JSON.parse(process.argv[2]));
else await bench(Number(process.argv[2] ?? 20), (process.argv[3] ?? '500,1000,5000').split(',').map(Number));

async function bench(seconds, waits) {
  const { startKafka, freePort } = await import(join(root, 'dist/libs/embedded/src/index.js'));
  const folder = mkdtempSync(join(tmpdir(), 'kafkajs-idle-'));
  const kafka = await startKafka({
    dataDir: join(folder, 'kafka'),
    port: await freePort(),
    log: join(folder, 'kafka.log'),
  });
  try {
    const published = unpatched(folder);
    await createTopics(kafka.brokers);
    console.log('kafkajs      maxWaitTimeInMs   client %   broker %');
    for (const wait of waits) {
      for (const [name, path] of [
        ['published', published],
        ['patched', join(root, 'node_modules/kafkajs')],
      ]) {
        const cost = await measure({ path, brokers: kafka.brokers, wait }, kafka.pid, seconds);
        const row = [
          String(wait).padStart(15),
          cost.client.toFixed(2).padStart(10),
          cost.broker.toFixed(2).padStart(10),
        ];
        console.log(name.padEnd(12), ...row);
      }
    }
  } finally {
    await kafka.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A copy of kafkajs with the kept patch taken back. */
function unpatched(folder) {
  const path = join(folder, 'node_modules', 'kafkajs');
  cpSync(join(root, 'node_modules/kafkajs'), path, { recursive: true });
  const patch = readdirSync(join(root, 'patches')).find((name) => name.startsWith('kafkajs+'));
  execFileSync('git', ['apply', '--reverse', join(root, 'patches', patch)], { cwd: folder });
  return path;
}

async function createTopics(brokers) {
  const { Kafka, logLevel } = createRequire(import.meta.url)('kafkajs');
  const admin = new Kafka({ brokers, logLevel: logLevel.NOTHING }).admin();
  await admin.connect();
  await admin.createTopics({
    topics: ['idle.a', 'idle.b'].map((topic) => ({ topic, numPartitions: 4 })),
    waitForLeaders: true,
  });
  await admin.disconnect();
}

/** Starts a client, lets it settle for 5 s, and compares the CPU times (`/proc/<pid>/stat`) at both ends of `seconds`. */
async function measure(settings, brokerPid, seconds) {
  const child = fork(fileURLToPath(import.meta.url), [JSON.stringify(settings)]);
  await new Promise((resolve) => child.once('message', resolve));
  await pause(5000);
  const before = [ticks(child.pid), ticks(brokerPid)];
  const start = performance.now();
  await pause(seconds * 1000);
  const elapsed = (performance.now() - start) / 1000;
  // A tick is 10 ms on Linux: ticks per second are percent of one core.
  const [client, broker] = [ticks(child.pid), ticks(brokerPid)].map((now, index) => (now - before[index]) / elapsed);
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await ended;
  return { client, broker };
}

function ticks(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
  return Number(fields[11]) + Number(fields[12]);
}

/** The process that is measured. */
async function client({ path, brokers, wait }) {
  const { Kafka, logLevel } = createRequire(import.meta.url)(path);
  const kafka = new Kafka({ clientId: 'idle', brokers, logLevel: logLevel.NOTHING });
  const joined = ['idle.a', 'idle.b'].map(async (topic) => {
    const consumer = kafka.consumer({ groupId: `${topic}.${process.pid}`, maxWaitTimeInMs: wait });
    const join = new Promise((resolve) => consumer.on(consumer.events.GROUP_JOIN, resolve));
    await consumer.connect();
    await consumer.subscribe({ topic, fromBeginning: true });
    await consumer.run({ eachBatch: async () => {} });
    await join;
  });
  await kafka.producer().connect();
  await Promise.all(joined);
  process.send('joined');
}
