/** Where the PostgreSQL and the Kafka of this test run listen. Travels to Jest's workers in `TEST_INFRASTRUCTURE`. */
export interface InfrastructureAddresses {
  readonly kind: 'containers' | 'embedded';
  /** A superuser's URL of the maintenance database `postgres`. */
  readonly postgresUrl: string;
  /** host:port */
  readonly kafkaBrokers: readonly string[];
}

/**
 * The servers of this test run.
 * @throws when the calling test is not an int test or a journey: unit tests have no infrastructure.
 */
export function infrastructure(): InfrastructureAddresses {
  const addresses = process.env.TEST_INFRASTRUCTURE;
  if (!addresses)
    throw new Error('No PostgreSQL and Kafka here: name the file *.int.spec.ts or *.e2e.spec.ts to get them.');
  return JSON.parse(addresses) as InfrastructureAddresses;
}
