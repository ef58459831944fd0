export { requireJava } from './java.js';
export { startKafka, type KafkaOptions, type KafkaServer } from './kafka.js';
export { prepareKafkaJars } from './kafka-jars.js';
export { keep, type Exit, type KeepOptions, type KeptProcess } from './kept-process.js';
export { freePort, requireFreePort } from './ports.js';
export { startPostgres, type PostgresOptions, type PostgresServer } from './postgres.js';
export type { Server, ServerOptions } from './server.js';
export { lastLines, openLog } from './server-log.js';
export { SetupProblem } from './setup-problem.js';
