export * from './commands.js';
export * from './snapshot.js';
