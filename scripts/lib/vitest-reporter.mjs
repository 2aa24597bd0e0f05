// Writes what a run of Vitest found, for scripts/test.mjs: counts, and why each skipped test was skipped.
import { writeFileSync } from 'node:fs';

export default class CountReporter {
  onTestRunEnd(modules, unhandledErrors) {
    const summary = { passed: 0, failed: unhandledErrors.length, skipped: [] };
    for (const module of modules) {
      let failedHere = 0;
      for (const test of module.children.allTests()) {
        const { state, note } = test.result();
        if (state === 'passed') summary.passed++;
        else if (state === 'failed') failedHere++;
        else summary.skipped.push({ name: test.fullName, reason: note });
      }
      // A file that cannot be loaded and a hook that fails leave no failed test behind.
      summary.failed += module.state() === 'failed' ? Math.max(1, failedHere) : failedHere;
    }
    writeFileSync(process.env.VOISIN_TEST_SUMMARY, JSON.stringify(summary));
  }
}
