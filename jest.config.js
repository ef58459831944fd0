// Four kinds of tests, told apart by their names:
//   *.spec.ts       unit: plain TypeScript, no infrastructure, milliseconds
//   *.int.spec.ts   int: one library or service against a real PostgreSQL and Kafka, or (tests/saga) all services on a
//                   real PostgreSQL, with the network in the test's hand
//   *.e2e.spec.ts   journeys (under tests/): the built processes, through the public API
//                   faults (under tests/faults/): the same, while something is taken from them
//                   benches (under tests/bench/): each measurement, small; alone, since they take the machine from others
// `npm test` runs all but the benches (`npm test benches`); see tools/test.ts for one infrastructure across them.
const shared = {
  testEnvironment: '<rootDir>/libs/testing/jest/environment.js',
  extensionsToTreatAsEsm: ['.ts'],
  // Options come from .swcrc, the same that the build uses.
  transform: { '^.+\\.ts$': '@swc/jest' },
  moduleNameMapper: {
    '^#(contracts|messaging|service|testing|embedded)$': '<rootDir>/libs/$1/src/index.ts',
    '^(\\.{1,2}/.*)\\.js$': '$1',
  },
  moduleFileExtensions: ['js', 'ts', 'mjs', 'json', 'node'],
  modulePathIgnorePatterns: ['<rootDir>/dist/', '<rootDir>/.data/'],
  watchPathIgnorePatterns: ['<rootDir>/dist/', '<rootDir>/.data/'],
};

const withInfrastructure = {
  globalSetup: '<rootDir>/libs/testing/jest/global-setup.js',
  globalTeardown: '<rootDir>/libs/testing/jest/global-teardown.js',
};

// `npm test` on containers starts no embedded server, so what tests the launcher runs in the embedded pass alone.
const onContainers = process.env.TEST_INFRASTRUCTURE?.includes('"containers"');

const sources = '<rootDir>/{libs,services,gateway,local,tools,web,bench,tests}/**';

// What is measured rather than proved, and takes long: `npm run test:faults` alone runs it.
const measured = process.env.FAULT_MATRIX ? [] : ['/tests/faults/recovery\\.'];

export default {
  projects: [
    {
      ...shared,
      displayName: 'unit',
      testMatch: [`${sources}/*.spec.ts`],
      testPathIgnorePatterns: ['/node_modules/', '\\.(int|e2e)\\.spec\\.ts$'],
    },
    {
      ...shared,
      ...withInfrastructure,
      displayName: 'int',
      testMatch: [`${sources}/*.int.spec.ts`],
      testPathIgnorePatterns: ['/node_modules/', ...(onContainers ? ['/local/src/launcher\\.int'] : [])],
    },
    {
      ...shared,
      ...withInfrastructure,
      displayName: 'journeys',
      testMatch: ['<rootDir>/tests/**/*.e2e.spec.ts'],
      testPathIgnorePatterns: ['/node_modules/', '/tests/(faults|bench)/'],
    },
    {
      ...shared,
      ...withInfrastructure,
      displayName: 'faults',
      testMatch: ['<rootDir>/tests/faults/**/*.e2e.spec.ts'],
      testPathIgnorePatterns: ['/node_modules/', ...measured],
    },
    {
      ...shared,
      ...withInfrastructure,
      displayName: 'benches',
      testMatch: ['<rootDir>/tests/bench/**/*.e2e.spec.ts'],
    },
  ],
  testSequencer: '<rootDir>/libs/testing/jest/longest-first.js',
  maxWorkers: 2,
  // Longer than any wait in them, so that a hook or test that hangs ends with what it waited for.
  testTimeout: 120_000,
};
