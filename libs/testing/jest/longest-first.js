import Sequencer from '@jest/test-sequencer';

/** The longest files, longest first: begun last, one of them alone would keep the others' workers waiting. */
const long = ['crash-matrix.e2e', 'every-step.int', 'outages.e2e', 'payment-crashes.e2e', 'payments.e2e', 'trail.e2e'];

/** Jest's order (what failed last, then by the times of earlier runs), but for what is known to be long on a first run too. */
export default class LongestFirst extends Sequencer {
  sort(tests) {
    const rank = ({ path }) => {
      const place = long.findIndex((name) => path.includes(`/${name}.spec.ts`));
      return place < 0 ? long.length : place;
    };
    return super.sort(tests).sort((one, other) => rank(one) - rank(other));
  }
}
