export * from './commands.js';
export * from './number-set.js';
export * from './snapshot.js';
