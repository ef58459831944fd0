/**
 * Something about this machine or its settings stands in the way, and the person who started us can fix it.
 * The message is one line that says what is wrong and what to do; it is shown without a stack.
 */
export class SetupProblem extends Error {
  override readonly name = 'SetupProblem';
}
