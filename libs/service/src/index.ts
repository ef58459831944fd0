export * from './database-faults.js';
export * from './database.js';
export * from './health.js';
export * from './logging.js';
export * from './metrics.js';
export * from './process.js';
export * from './queries.js';
export * from './settings.js';
