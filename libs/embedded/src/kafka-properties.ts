export interface BrokerPlace {
  readonly dataDir: string;
  readonly port: number;
  readonly controllerPort: number;
}

/** What holds for one broker that is its own controller, wherever it listens and keeps its files. Sized for one machine. */
export const brokerSettings: Readonly<Record<string, string | number | boolean>> = {
  // Topics are created on purpose, with the partition count of their contract.
  'auto.create.topics.enable': false,
  // A message's age is the time of its append by the broker.
  'log.message.timestamp.type': 'LogAppendTime',
  'default.replication.factor': 1,
  'offsets.topic.replication.factor': 1,
  'offsets.topic.num.partitions': 8,
  'transaction.state.log.replication.factor': 1,
  'transaction.state.log.min.isr': 1,
  'transaction.state.log.num.partitions': 1,
  'share.coordinator.state.topic.replication.factor': 1,
  'share.coordinator.state.topic.min.isr': 1,
  'share.coordinator.state.topic.num.partitions': 1,

  // Joins wait for nobody, and a killed process is noticed soon.
  'group.initial.rebalance.delay.ms': 0,
  'group.min.session.timeout.ms': 1_000,
  // A broker that was killed is let in again once its controller has given up on the one before.
  'broker.session.timeout.ms': 3_000,
  'broker.heartbeat.interval.ms': 500,

  // Small: few threads, and a cleaner buffer of 8 MB instead of 128 of the 512 MB heap.
  'num.network.threads': 2,
  'num.io.threads': 3,
  'group.coordinator.threads': 1,
  'share.coordinator.threads': 1,
  'background.threads': 2,
  'num.recovery.threads.per.data.dir': 2,
  'log.cleaner.dedupe.buffer.size': 8 * 1024 * 1024,
  'log.segment.bytes': 128 * 1024 * 1024,
  // Quiet: the idle controller writes an empty record each 500 ms otherwise.
  'metadata.max.idle.interval.ms': 10_000,
};

/** Its `server.properties`. */
export function brokerProperties({ dataDir, port, controllerPort }: BrokerPlace): string {
  const properties = {
    'process.roles': 'broker,controller',
    'node.id': 1,
    'controller.quorum.voters': `1@127.0.0.1:${controllerPort}`,
    listeners: `CLIENTS://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort}`,
    'advertised.listeners': `CLIENTS://127.0.0.1:${port}`,
    'inter.broker.listener.name': 'CLIENTS',
    'controller.listener.names': 'CONTROLLER',
    'listener.security.protocol.map': 'CLIENTS:PLAINTEXT,CONTROLLER:PLAINTEXT',
    'log.dirs': dataDir,
    ...brokerSettings,
  };
  return Object.entries(properties)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('');
}
