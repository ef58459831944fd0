export {
  type Answer,
  type ApiClient,
  apiOf,
  expectStatus,
  postUntilDecided,
  type RequestHeaders,
} from './api/api-client.js';
export { expectProblem, type ProblemBody, type ProblemCode, problemOf, problemStatuses } from './api/problems.js';
export {
  type AConcert,
  aConcertWith,
  allSeats,
  type ConcertWishes,
  type Reachable,
  setMode,
} from './builders/concert.js';
export { aFan, aFanInLine, type AFan, anActiveFan, anActiveFanWith, type AQueueingFan, topUp } from './builders/fan.js';
export { aHeldReservation, aPaidReservation, type AReservation, freeSeats } from './builders/reservation.js';
export { childEnvironment } from './child-environment.js';
export { cloneDatabase, emptyDatabase, type Role, type TestDatabase } from './databases.js';
export { eventually, type Patience } from './eventually.js';
export { infrastructure, type InfrastructureAddresses } from './infrastructure/addresses.js';
export type { OwnServers, RunningInfrastructure } from './infrastructure/running.js';
export type { Server } from './infrastructure/server.js';
export { startInfrastructure, startServers } from './infrastructure/start.js';
export { projectRoot } from './project-root.js';
export { rowsOf } from './rows.js';
export { ServiceProcess } from './system/service-process.js';
export { stalledBetween } from './stalls.js';
export { type ProcessName, promptSettings, tickMs } from './system/settings.js';
export { startSystem, type System, type SystemOptions } from './system/start-system.js';
export { linkTo, type TcpLink } from './tcp-link.js';
export { dropTopics, freshPrefix, type TestTopics, withTopics } from './topics.js';
