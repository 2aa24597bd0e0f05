// Are the packages in node_modules those of package-lock.json? npm keeps its own list of what it installed; no stamp of ours is needed.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { SetUpError, command, root, step } from './steps.mjs';

/**
 * @param exists whether a package of npm's own record is there: an installation that was cut, or a folder that was deleted, leaves the record behind
 * @returns a reason to install, or undefined
 */
export function whyInstall(lock, installed, exists = () => true) {
  if (installed === undefined) return 'nothing is installed';
  for (const [path, wanted] of Object.entries(lock.packages)) {
    if (!path.includes('node_modules/')) continue;
    const there = installed.packages[path];
    if (there !== undefined && !exists(path)) return `${path} is missing`;
    if (there === undefined) {
      // Packages for other platforms are optional and never installed.
      if (wanted.optional !== true && wanted.devOptional !== true && wanted.peer !== true) return `${path} is missing`;
    } else if (there.version !== wanted.version || (there.integrity ?? wanted.integrity) !== wanted.integrity)
      return `${path} is another version`;
  }
  return undefined;
}

/** @returns undefined where the file is missing or is no JSON */
function readRecord(path) {
  try {
    return JSON.parse(readFileSync(join(root, path), 'utf8'));
  } catch {
    return undefined;
  }
}

export async function ensureNpmPackages() {
  const lock = readRecord('package-lock.json');
  if (lock === undefined) throw new SetUpError('package-lock.json is missing or damaged: git checkout package-lock.json brings it back.');
  const why = whyInstall(lock, readRecord('node_modules/.package-lock.json'), (path) => existsSync(join(root, path, 'package.json')));
  if (why === undefined) return;
  await step(`npm packages (${why})`, () => {
    // The npm that runs us, when one does; NODE_ENV=production must not leave out the compiler.
    const npm = process.env.npm_execpath;
    // What a user's own npm configuration may hold must not leave out what is needed, nor refuse a package for the version of Node that it asks for.
    const args = ['ci', '--include=dev', '--include=optional', '--engine-strict=false', '--no-audit', '--no-fund'];
    const advice = (log) =>
      /ENOTFOUND|EAI_AGAIN|ECONN|ETIMEDOUT|ENETUNREACH|network/.test(log)
        ? 'Is the npm registry reachable? Behind a mirror, set it with npm config set registry URL.'
        : '';
    return npm?.endsWith('.js')
      ? command('npm-ci', process.execPath, [npm, ...args], { advice })
      : command('npm-ci', 'npm', args, { advice });
  });
}
