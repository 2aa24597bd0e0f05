// Counts over all test runners, and the exit code that they make.

/** What one runner found; `exitCode` is null when a signal ended it, `summary` undefined when it wrote none. */
export function runnerCounts({ name, exitCode, summary }) {
  const problems = [];
  const { passed = 0, failed = 0, skipped = [] } = summary ?? {};
  let failures = failed;
  if (summary === undefined)
    problems.push(`${name} ended before it could say what it found (exit code ${exitCode ?? 'none: a signal ended it'})`);
  else if (passed + failed + skipped.length === 0) problems.push(`${name} ran no tests`);
  else if (exitCode !== 0 && failed === 0) problems.push(`${name} failed (exit code ${exitCode}) although no test did`);
  for (const { name, reason } of skipped) if (reasonOf(name, reason) === undefined) problems.push(`${name} is skipped without a reason`);
  failures += problems.length;
  return { passed, failed: failures, skipped, problems };
}

/** @returns the lines to print, the last one 'N passed, N failed, N skipped', and the exit code */
export function summarise(runners) {
  const all = runners.map(runnerCounts);
  const sum = (count) => all.reduce((total, one) => total + count(one), 0);
  const [passed, failed, skipped] = [sum((one) => one.passed), sum((one) => one.failed), sum((one) => one.skipped.length)];
  const lines = all.flatMap((one) => [
    ...one.skipped.map(({ name, reason }) => `skipped: ${name}${reasonOf(name, reason) ?? ''}`),
    ...one.problems.map((problem) => `problem: ${problem}`),
  ]);
  return { lines: [...lines, `${passed} passed, ${failed} failed, ${skipped} skipped`], exitCode: failed === 0 && passed > 0 ? 0 : 1 };
}

/** What follows the name in its line. A group of tests has its reason in its title: (skipped: ...). @returns undefined: there is no reason */
function reasonOf(name, reason) {
  if (reason !== undefined) return `: ${reason}`;
  return name.includes('(skipped: ') ? '' : undefined;
}
