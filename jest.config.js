// Three kinds of tests, told apart by their names:
//   *.spec.ts       unit: plain TypeScript, no infrastructure, milliseconds
//   *.int.spec.ts   int: one library or service against a real PostgreSQL and Kafka
//   *.e2e.spec.ts   journeys (under tests/): the built processes, through the public API
// `npm test` runs all; see tools/test.ts for one infrastructure across the three.
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

const sources = '<rootDir>/{libs,services,gateway,local,tools,web,bench}/**';
const journeys = '<rootDir>/tests/**/*.e2e.spec.ts';

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
    { ...shared, ...withInfrastructure, displayName: 'journeys', testMatch: [journeys] },
  ],
  maxWorkers: 2,
  testTimeout: 60_000,
};
