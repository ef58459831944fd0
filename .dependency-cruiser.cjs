// Who may import whom. tools/import-rules.spec.ts plants one violation per rule and sees it fire.
const tests = ['\\.spec\\.ts$', '^(services/[^/]+|gateway|libs/[^/]+|tools/[^/]+)/test/'];
// Of the tools, the operator's are in the image.
const production = '^(services|gateway|local|libs/(?!testing/)|tools/(audit|ops))';

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    {
      name: 'no-cycles',
      comment: 'Files that need each other are one file, or lack a third.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'resolvable',
      comment: 'An import that leads nowhere.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: 'services-stand-alone',
      comment: 'A service talks to another by messages: it imports neither another service nor the gateway.',
      severity: 'error',
      from: { path: '^services/([^/]+)/' },
      to: { path: '^(services/(?!$1/)|gateway/)' },
    },
    {
      name: 'gateway-stands-alone',
      comment: 'The gateway knows the services by their contracts only.',
      severity: 'error',
      from: { path: '^gateway/' },
      to: { path: '^services/' },
    },
    {
      name: 'domain-is-plain',
      comment: 'The domain imports itself and #contracts: no Nest, TypeORM, Kafka, clock or randomness.',
      severity: 'error',
      from: { path: '^(services/[^/]+)/src/domain/', pathNot: tests },
      to: { pathNot: ['^$1/src/domain/', '^libs/contracts/src/index\\.ts$'] },
    },
    {
      name: 'messages-and-http-apart',
      comment: 'messages/ and http/ both stand on domain/ and postgres/, never on each other.',
      severity: 'error',
      from: { path: '^(services/[^/]+)/src/(messages|http)/', pathNot: tests },
      to: { path: '^$1/src/(messages|http)/', pathNot: '^$1/src/$2/' },
    },
    {
      name: 'stores-know-no-callers',
      comment: 'postgres/ is called by messages/ and http/, and calls neither.',
      severity: 'error',
      from: { path: '^(services/[^/]+)/src/postgres/', pathNot: tests },
      to: { path: '^$1/src/(messages|http)/' },
    },
    {
      name: 'contracts-import-nothing-of-ours',
      comment: 'The contracts are what everybody else agrees on.',
      severity: 'error',
      from: { path: '^libs/contracts/', pathNot: tests },
      to: { path: '^(services|gateway|local|tools|tests|bench|libs/(?!contracts/))' },
    },
    {
      name: 'libraries-below-services',
      comment: 'A library knows nobody who uses it.',
      severity: 'error',
      from: { path: '^libs/' },
      to: { path: '^(services|gateway|local|tools|tests|bench)/' },
    },
    {
      name: 'libraries-through-their-door',
      comment: "Another folder's library is imported as #name, which is its src/index.ts.",
      severity: 'error',
      from: { path: '^(libs/[^/]+|services/[^/]+|gateway|local|tools|tests|bench)/' },
      to: { path: '^libs/[^/]+/', pathNot: ['^$1/', '^libs/[^/]+/src/index\\.ts$'] },
    },
    {
      name: 'tools-look-from-outside',
      comment:
        'A tool judges what processes write and print: with their code it would share their mistakes. The simulator alone runs that code, to judge it.',
      severity: 'error',
      from: { path: '^tools/', pathNot: '^tools/simulate/' },
      to: { path: '^(services|gateway)/' },
    },
    {
      name: 'testing-stays-in-tests',
      comment: 'No process that runs in production carries test code.',
      severity: 'error',
      from: { path: production, pathNot: tests },
      to: { path: '^libs/testing/' },
    },
    {
      name: 'embedded-servers-stay-local',
      comment: 'The embedded PostgreSQL and Kafka belong to `npm start` and the tests.',
      severity: 'error',
      from: { path: '^(services|gateway|libs/(?!testing/|embedded/))', pathNot: tests },
      to: { path: '^libs/embedded/' },
    },
    {
      name: 'kafkajs-behind-messaging',
      comment:
        'kafkajs lives inside libs/messaging, behind a port; beside it, only what makes topics and tests of the wire.',
      severity: 'error',
      from: {
        path: '^(services|gateway|local|tools|libs)/',
        pathNot: '^(libs/(messaging|testing)|local/src/prepare)/',
      },
      to: { path: 'node_modules/kafkajs/' },
    },
    {
      name: 'production-dependencies-only',
      comment: 'What runs in production is under "dependencies".',
      severity: 'error',
      from: { path: production, pathNot: tests },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'] },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '(^|/)dist/' },
    // `import type` binds as much as any other import.
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['source', 'import', 'node', 'default', 'types'],
      mainFields: ['module', 'main', 'types'],
    },
  },
};
