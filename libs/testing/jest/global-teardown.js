/** Stops what global-setup.js started, and only that. */
export default async function stopOnce() {
  await globalThis.stopTestInfrastructure?.();
}
