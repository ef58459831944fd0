/** Starts PostgreSQL and Kafka once for this Jest run, unless whoever called Jest has started them already. */
export default async function startOnce() {
  if (process.env.TEST_INFRASTRUCTURE) return;
  const { startInfrastructure } = await import('../../../dist/libs/testing/src/infrastructure/start.js').catch(
    (error) => {
      if (error.code !== 'ERR_MODULE_NOT_FOUND') throw error;
      throw new Error('Tests with infrastructure run on the built project: `npm run build` first.', { cause: error });
    },
  );
  const infrastructure = await startInfrastructure();
  process.env.TEST_INFRASTRUCTURE = JSON.stringify(infrastructure.addresses);
  globalThis.stopTestInfrastructure = () => infrastructure.stop();
}
