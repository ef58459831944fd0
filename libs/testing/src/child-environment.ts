import { join } from 'node:path';
import { projectRoot } from './project-root.js';

/** What every process has that a test starts, and nothing of the test's own environment but this. */
export const childEnvironment = {
  PATH: process.env.PATH ?? '',
  // Tests start hundreds of processes of the same code, which is compiled once.
  NODE_COMPILE_CACHE: join(projectRoot, 'node_modules/.cache/node-compile'),
};
