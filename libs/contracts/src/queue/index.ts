export * from './admission-class.js';
export * from './commands.js';
export * from './draw.js';
export * from './events.js';
export * from './number-set.js';
export * from './snapshot.js';
