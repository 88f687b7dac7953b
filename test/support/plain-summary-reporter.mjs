// The last line of the suite, alone and plain, for CI: "N passed, N failed, N skipped".

export default class PlainSummaryReporter {
  /** @type {string | undefined} */
  #line;

  constructor() {
    // Jest puts its own summary below every other reporter's, so this waits for the end of the process.
    // A suite that leaks and never ends prints no line, which CI takes for the failure it is.
    process.once('exit', () => {
      if (this.#line !== undefined) process.stdout.write(`${this.#line}\n`);
    });
  }

  /**
   * @param {unknown} _contexts
   * @param {{ numPassedTests: number, numFailedTests: number, numPendingTests: number, numTodoTests: number, numRuntimeErrorTestSuites: number }} results
   */
  onRunComplete(_contexts, results) {
    // A file that cannot even be loaded has no tests to count: it counts as one failure.
    const failed = results.numFailedTests + results.numRuntimeErrorTestSuites;
    const skipped = results.numPendingTests + results.numTodoTests;
    this.#line = `${results.numPassedTests} passed, ${failed} failed, ${skipped} skipped`;
  }
}
