import { prepareKafkaJars, requireFreePort, requireJava, startKafka, startPostgres } from '#embedded';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { guide } from './guide.js';
import { limitLogs, startLogs } from './logs.js';
import { startNodeProcess } from './node-process.js';
import { planProcesses, type Surroundings } from './plan.js';
import { say } from './progress.js';
import { developmentSecrets } from './secrets.js';
import { type LocalSettings, processNames, settingOfPort } from './settings.js';
import { Supervised, type Start } from './supervised.js';
import { runTool } from './tool.js';

/** Of our own processes, before the start is given up. */
const firstTries = 3;

/** How long a busy port may be the rest of a start that was killed: its servers need some seconds to end. */
const leftoversMs = 12_000;

/** The whole local system: two servers and our own processes, started and stopped in order. */
export class LocalSystem {
  private readonly stopping = new AbortController();
  /** In the order they were started. */
  private readonly parts: { readonly stage: 'server' | 'service' | 'gateway'; readonly part: Supervised }[] = [];
  private readonly logs: string;
  /** Exists while the system runs, so that the next start knows when this one was killed. */
  private readonly uncleanMark: string;

  constructor(
    private readonly settings: LocalSettings,
    private readonly environment: NodeJS.ProcessEnv,
  ) {
    this.logs = join(settings.dataDir, 'logs');
    this.uncleanMark = join(settings.dataDir, 'unclean');
  }

  /** @throws SetupProblem when the person who started us can mend it, another error when a process does not come up. */
  async start(): Promise<void> {
    const { dataDir, postgresPort, kafkaPort } = this.settings;
    await this.requireFreePorts();
    mkdirSync(dataDir, { recursive: true });
    writeFileSync(this.uncleanMark, '');
    startLogs(this.logs);
    limitLogs(this.logs);
    await requireJava();
    await prepareKafkaJars(join(this.logs, 'maven.log'), () => say("fetching Kafka's jars through Maven, once"));

    const postgres = { dataDir: join(dataDir, 'postgres'), port: postgresPort, log: join(this.logs, 'postgres.log') };
    const kafka = { dataDir: join(dataDir, 'kafka'), port: kafkaPort, log: join(this.logs, 'kafka.log') };
    const databaseUrl = `postgres://postgres:postgres@127.0.0.1:${postgresPort}/postgres`;
    await Promise.all([
      this.run('server', 'PostgreSQL', async (signal) => asRunning(await startPostgres({ ...postgres, signal }))),
      this.run('server', 'Kafka', async (signal) => asRunning(await startKafka({ ...kafka, signal }))),
    ]);
    const brokers = [`127.0.0.1:${kafkaPort}`];
    const env = { ...this.environment, DATABASE_ADMIN_URL: databaseUrl, KAFKA_BROKERS: brokers.join(',') };
    await runTool('prepare', env, join(this.logs, 'prepare.log'), this.stopping.signal);
    say('roles, schemas, tables and topics are in place');

    const secrets = developmentSecrets(dataDir, this.environment);
    await this.startProcesses({
      settings: this.settings,
      secrets,
      databaseUrl,
      brokers,
      environment: this.environment,
    });
    const concertId = await this.seed();
    say('ready');
    process.stdout.write(guide(this.settings, databaseUrl, concertId));
  }

  /** True once a process was started: then a stop has something to tell. */
  get hasParts(): boolean {
    return this.parts.length > 0;
  }

  /** Stops the gateways, the services, Kafka and PostgreSQL, in this order; also in the middle of a start. */
  async stop(): Promise<void> {
    this.stopping.abort();
    const stage = (name: 'gateway' | 'service') =>
      this.parts.filter((one) => one.stage === name).map(({ part }) => part);
    await Promise.all(stage('gateway').map((part) => part.stop()));
    await Promise.all(stage('service').map((part) => part.stop()));
    // Nobody needs the one to stop the other, but a log in this order is easier to read.
    for (const name of ['Kafka', 'PostgreSQL']) await this.parts.find(({ part }) => part.name === name)?.part.stop();
    rmSync(this.uncleanMark, { force: true });
  }

  private async startProcesses(surroundings: Surroundings): Promise<void> {
    const plans = planProcesses(surroundings);
    await Promise.all(
      plans.map((plan) => {
        const stage = plan.name.startsWith('gateway') ? 'gateway' : 'service';
        return this.run(stage, plan.name, (signal) => startNodeProcess(plan, signal));
      }),
    );
  }

  private async run(stage: 'server' | 'service' | 'gateway', name: string, start: Start): Promise<void> {
    this.stopping.signal.throwIfAborted();
    const part = new Supervised(name, start, say);
    this.parts.push({ stage, part });
    await part.start(stage === 'server' ? 1 : firstTries);
    say(`${name} is ready`);
  }

  /** The demo concert's id; none where the development sign-in is off. */
  private async seed(): Promise<string | undefined> {
    if ((this.environment.AUTH_MODE || 'dev') !== 'dev') {
      say('no demo concert: AUTH_MODE is not dev');
      return undefined;
    }
    const api = `http://127.0.0.1:${this.settings.ports.gateway[0]}`;
    const log = join(this.logs, 'seed.log');
    return (await runTool('seed', { ...this.environment, API_URL: api }, log, this.stopping.signal))
      .trim()
      .split('\n')
      .at(-1);
  }

  private async requireFreePorts(): Promise<void> {
    const { postgresPort, kafkaPort, ports } = this.settings;
    // After a kill the old servers may still be ending.
    const deadline = performance.now() + (existsSync(this.uncleanMark) ? leftoversMs : 0);
    const require = async (port: number, what: string, setting: string): Promise<void> => {
      try {
        await requireFreePort(port, what, setting);
      } catch (problem) {
        if (performance.now() > deadline) throw problem;
        await pause(250, undefined, { signal: this.stopping.signal });
        await require(port, what, setting);
      }
    };
    await require(postgresPort, 'PostgreSQL', 'LOCAL_POSTGRES_PORT');
    await require(kafkaPort, 'Kafka', 'LOCAL_KAFKA_PORT');
    for (const name of processNames) {
      for (const port of ports[name]) await require(port, `the ${name}`, settingOfPort(name));
    }
  }
}

function asRunning(server: { pid: number; exited: Promise<{ code: number }>; stop(): Promise<void> }) {
  return { pid: server.pid, stop: () => server.stop(), exited: server.exited.then(({ code }) => `exit code ${code}`) };
}
