// npm test [-- paths]: the set-up, then every test runner; the last line counts over all of them.
// Paths are those of sources (packages/server/src/config); the built tests of them run.
// --crash-rounds=N and --hostile-rounds=N make the tests in packages/server/test/crash and .../hostile longer.
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root, say } from './lib/steps.mjs';
import { summarise } from './lib/test-summary.mjs';
import { setUp } from './setup.mjs';

const roundsOption = /^--(crash|hostile)-rounds=(.*)$/;
const rounds = Object.fromEntries(
  process.argv.flatMap((argument) => {
    const [, name, value] = roundsOption.exec(argument) ?? [];
    return name === undefined ? [] : [[`VOISIN_${name.toUpperCase()}_ROUNDS`, value]];
  }),
);
const args = process.argv.slice(2).filter((argument) => !roundsOption.test(argument));

await setUp({ tests: true });
if (args.length === 0) say('Every test: some ten minutes on two cores. npm test -- packages/server/src/config runs those of a folder.');
const folder = mkdtempSync(join(tmpdir(), 'voisin-test-'));
try {
  const { lines, exitCode } = summarise([await vitest(args)]);
  // Written at once and last, so that nothing stands below the count.
  process.stdout.write(`\n${lines.join('\n')}\n`);
  process.exitCode = exitCode;
} finally {
  rmSync(folder, { recursive: true, force: true });
}

async function vitest(given) {
  const summaryFile = join(folder, 'vitest.json');
  const built = given.map((argument) =>
    argument.replace(/(packages\/[^/]+)\/(src|test)(?=\/|$)/, '$1/dist/$2').replace(/\.test\.ts$/, '.test.js'),
  );
  const reporters = ['--reporter=default', `--reporter=${join(root, 'scripts/lib/vitest-reporter.mjs')}`];
  const env = { ...process.env, VOISIN_TEST_SUMMARY: summaryFile, ...rounds };
  const child = spawn(process.execPath, [join(root, 'node_modules/vitest/vitest.mjs'), 'run', ...reporters, ...built], {
    cwd: root,
    env,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  const exitCode = await new Promise((resolve) => child.on('close', resolve));
  return { name: 'vitest', exitCode, summary: existsSync(summaryFile) ? JSON.parse(readFileSync(summaryFile, 'utf8')) : undefined };
}
