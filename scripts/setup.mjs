// Everything that a fresh machine lacks: system packages, npm packages, the addons, the TypeScript. Plain Node, since nothing is installed yet.
// Run alone (node scripts/setup.mjs [--tests]) or by start, test, demo and bench; what is there already is left alone.
import { realpathSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { ensureAddons, ensureCode } from './lib/builds.mjs';
import { ensureNpmPackages } from './lib/npm-packages.mjs';
import { SetUpError, say, seconds } from './lib/steps.mjs';
import { ensureSystemPackages, toBuild, toTest, welcomeToTest } from './lib/system-packages.mjs';

/** Those that the compiler and the tests ask for as well: 20 from 20.19 on, and 22.12 or newer. */
export function checkNode(version) {
  const [major, minor] = version.split('.').map(Number);
  if ((major === 20 && minor >= 19) || (major === 22 && minor >= 12) || major > 22) return;
  throw new SetUpError(
    `Node 20.19 (or a later 20), or 22.12 or newer, is needed. This is Node ${version}: see https://nodejs.org/en/download`,
  );
}

/**
 * @param tests whether what only tests need is wanted too
 * @param before what is checked before anything is installed
 */
export async function setUp({ tests = false, before = () => undefined } = {}) {
  const begun = performance.now();
  try {
    checkNode(process.versions.node);
    await before();
    await (tests ? ensureSystemPackages([...toBuild, ...toTest], welcomeToTest) : ensureSystemPackages(toBuild));
    await ensureNpmPackages();
    await ensureAddons();
    await ensureCode();
  } catch (error) {
    if (!(error instanceof SetUpError)) throw error;
    say(`\nSet-up stopped. ${error.message}`);
    process.exit(1);
  }
  say(`Set-up is complete (${seconds(begun)}).`);
}

if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  await setUp({ tests: process.argv.includes('--tests') });
}
