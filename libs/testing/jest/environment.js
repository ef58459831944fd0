import { TestEnvironment } from 'jest-environment-node';

/**
 * Node's environment, plus: when a test or a hook fails, everybody in `globalThis.failureReporters` is asked to print
 * what it kept (the output of the processes a journey started, see libs/testing/src/system/process-output.ts).
 */
export default class ReportingEnvironment extends TestEnvironment {
  async setup() {
    await super.setup();
    this.global.failureReporters = new Set();
  }

  handleTestEvent(event) {
    if (event.name === 'test_fn_failure') this.report(event.test.name);
    if (event.name === 'hook_failure') this.report(event.test?.name ?? `a ${event.hook.type} hook`);
  }

  report(name) {
    for (const print of this.global.failureReporters) print(name);
  }
}
